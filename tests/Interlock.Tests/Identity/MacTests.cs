using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Tests.Identity;

public sealed class MacTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly JsonValue Grant = JsonValue.Object(("run", "r1"), ("uses", 1));

    [Fact]
    public void Verify_SameValueInAnotherOrder_Holds()
    {
        var mac = new Mac(Key).Sign("grant", Grant);

        Assert.True(new Mac(Key).Verify("grant", JsonValue.Object(("uses", 1), ("run", "r1")), mac));
    }

    [Fact]
    public void Verify_OtherPurposeValueKeyOrText_Fails()
    {
        var mac = new Mac(Key).Sign("grant", Grant);

        Assert.False(new Mac(Key).Verify("vote", Grant, mac));
        Assert.False(new Mac(Key).Verify("grant", Grant.With("uses", 2), mac));
        Assert.False(new Mac([.. Key.Reverse()]).Verify("grant", Grant, mac));
        Assert.False(new Mac(Key).Verify("grant", Grant, ""));
        Assert.False(new Mac(Key).Verify("grant", Grant, mac + "="));
        Assert.False(new Mac(Key).Verify("grant", Grant, mac[..^1]));
        for (var i = 0; i < mac.Length; i++)
            Assert.False(new Mac(Key).Verify("grant", Grant, mac[..i] + (mac[i] == 'A' ? 'B' : 'A') + mac[(i + 1)..]));
    }

    [Fact]
    public void Sign_PurposeThatRunsIntoTheValue_IsAnother() =>
        Assert.NotEqual(new Mac(Key).Sign("gate", JsonValue.From(12)), new Mac(Key).Sign("gate1", JsonValue.From(2)));

    [Fact]
    public void Constructor_KeyUnder32Bytes_Throws() => Assert.Throws<ArgumentException>(() => new Mac(new byte[31]));
}
