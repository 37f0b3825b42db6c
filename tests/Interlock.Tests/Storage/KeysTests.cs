using FsCheck;
using FsCheck.Fluent;
using Interlock.Core.Storage;

namespace Interlock.Tests.Storage;

public sealed class KeysTests
{
    [Theory]
    [InlineData("tool|time~2Fnow|1.0.0", "tool", "time/now", "1.0.0")]
    [InlineData("100~25|~7E2F|~7C", "100%", "~2F", "|")]
    [InlineData("~D83D~DE00~23~0A~85", "😀#\n\u0085")]
    public void Join_Marks_AreEscaped(string expected, params string[] parts) => Assert.Equal(expected, Keys.Join(parts));

    [Fact]
    public void Join_AnyParts_IsAKeyOfTheirOwn()
    {
        var part = Gen.Elements("a", "D8", "3D", "~", "|", "%", "/", "\\", "#", "?", "Ø", "\ud83d", "😀", "\n", "\u0085", "0").NonEmptyListOf().Select(string.Concat);
        var parts = part.NonEmptyListOf().Select(list => list.ToArray());
        Prop.ForAll(Arb.From(parts), Arb.From(parts), (x, y) => Keys.Join(x) == Keys.Join(y) == x.SequenceEqual(y) && (TableRules.IsKey(Keys.Join(x)) || Keys.Join(x).Length > 512))
            .QuickCheckThrowOnFailure();
    }
}
