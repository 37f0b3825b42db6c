using Interlock.Core.Registry;

namespace Interlock.Tests.Registry;

public sealed class VersionTests
{
    [Theory]
    [InlineData("0.0.0")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3-rc.1")]
    [InlineData("1.2.3-0.3.7")]
    [InlineData("1.2.3-a-b.c")]
    public void TryParse_Version_IsReadAndWrittenTheSame(string text) => Assert.Equal(text, SemanticVersion.TryParse(text)?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2")]
    [InlineData("1.2.3.4")]
    [InlineData("v1.2.3")]
    [InlineData("1.2.x")]
    [InlineData("-1.2.3")]
    [InlineData("1.2.3-")]
    [InlineData(" 1.2.3")]
    [InlineData("1.2.99999999999")]
    [InlineData("01.2.3")]
    [InlineData("1.02.3")]
    [InlineData("1.2.3-01")]
    [InlineData("1.2.3-a..b")]
    [InlineData("1.2.3-a b")]
    [InlineData("1.2.3-ä")]
    [InlineData("1.2.3+")]
    [InlineData("1.2.3+a+b")]
    public void TryParse_Otherwise_IsNone(string text) => Assert.Null(SemanticVersion.TryParse(text));

    /// <summary>The order of semver.org 2.0.0, item 11.</summary>
    [Fact]
    public void CompareTo_FollowsThePrecedenceOfTheSpecification()
    {
        string[] ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "1.10.0", "2.0.0"];
        var versions = ordered.Select(text => SemanticVersion.TryParse(text)!).ToArray(); // all are versions
        for (var i = 0; i < versions.Length; i++)
            for (var j = 0; j < versions.Length; j++)
                Assert.Equal(i.CompareTo(j), Math.Sign(versions[i].CompareTo(versions[j])));
    }

    [Fact]
    public void TryParse_BuildMetadata_IsKeptOutOfTheOrder() =>
        Assert.Equal(0, SemanticVersion.TryParse("1.2.3+build.5")!.CompareTo(SemanticVersion.TryParse("1.2.3"))); // both are versions

    [Theory]
    [InlineData("1.2.3", "1.2.3", "1.2.4 1.2.3-rc.1 1.3.0")]
    [InlineData("1.2.3-rc.1", "1.2.3-rc.1", "1.2.3 1.2.3-rc.2")]
    [InlineData("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 1.3.0-rc.1 0.9.0")]
    [InlineData("^1.2", "1.2.0 1.9.9", "1.1.9 2.0.0")]
    [InlineData("^1", "1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc.1")]
    [InlineData("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0")]
    [InlineData("^0.2", "0.2.0 0.2.9", "0.1.9 0.3.0")]
    [InlineData("^0.0.3", "0.0.3", "0.0.2 0.0.4")]
    [InlineData("^0.0", "0.0.0 0.0.9", "0.1.0")]
    [InlineData("^0", "0.0.1 0.9.9", "1.0.0")]
    [InlineData("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0")]
    [InlineData("~1.2", "1.2.0 1.2.9", "1.1.9 1.3.0")]
    [InlineData("~1", "1.0.0 1.9.9", "2.0.0")]
    [InlineData("1", "1.0.0 1.9.9", "0.9.9 2.0.0 1.1.0-rc.1")]
    [InlineData("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0")]
    [InlineData("*", "0.0.1 9.9.9", "1.0.0-rc.1")]
    public void Range_Matches(string range, string inside, string outside)
    {
        var parsed = VersionRange.TryParse(range);
        Assert.NotNull(parsed);
        Assert.All(inside.Split(' '), text => Assert.True(parsed.Matches(SemanticVersion.TryParse(text)!), text)); // all are versions
        Assert.All(outside.Split(' '), text => Assert.False(parsed.Matches(SemanticVersion.TryParse(text)!), text)); // all are versions
    }

    [Theory]
    [InlineData("")]
    [InlineData("^")]
    [InlineData("~")]
    [InlineData("^^1")]
    [InlineData("^~1")]
    [InlineData("1.2.3.4")]
    [InlineData("latest")]
    [InlineData("1.x")]
    [InlineData(">=1.0.0")]
    [InlineData("^1.2.3-rc.1")]
    [InlineData("1 || 2")]
    [InlineData("^1.2.3+build")]
    public void Range_Otherwise_IsNone(string text) => Assert.Null(VersionRange.TryParse(text));

    [Fact]
    public void Range_Absent_IsAny() => Assert.True(VersionRange.TryParse(null)!.Matches(new SemanticVersion(3, 1, 4))); // null is any
}
