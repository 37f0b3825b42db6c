using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Interlock.Core.Storage;

namespace Interlock.Tests.Storage;

public sealed class Utf8OrderTests
{
    [Fact]
    public void Compare_AnyStrings_IsTheOrderOfTheirUtf8Bytes()
    {
        var units = Gen.Elements("a", "b", "\u007f", "é", "\u07ff", "日", "\ud7ff", "\ue000", "\uffff", "\U00010000", "😀", "😁", "\U0010ffff");
        var text = units.ListOf().Select(string.Concat);
        Prop.ForAll(Arb.From(text), Arb.From(text), (x, y) =>
            Math.Sign(Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y))) == Math.Sign(Utf8Order.Instance.Compare(x, y)))
            .QuickCheckThrowOnFailure();
    }
}
