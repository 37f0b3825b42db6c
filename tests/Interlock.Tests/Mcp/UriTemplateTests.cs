using Interlock.Http.Mcp;

namespace Interlock.Tests.Mcp;

public sealed class UriTemplateTests
{
    [Theory]
    [InlineData("a://{id}/x", "a://7/x", true)]
    [InlineData("a://{id}/x", "a://7/8/x", false)]
    [InlineData("a://{id}/x", "a:///x", false)]
    [InlineData("a://{+path}", "a://7/8/9", true)]
    [InlineData("a://x{?q}", "a://x?q=1", true)]
    [InlineData("a://.*/{id}", "a://b/7", false)]
    [InlineData("a://x", "a://x", true)]
    [InlineData("a://{broken", "a://7", false)]
    public void Matches_ByRfc6570(string template, string uri, bool matches) => Assert.Equal(matches, UriTemplate.Matches(template, uri));

    [Fact]
    public void Matches_AHostileTemplate_EndsSoon() => Assert.False(UriTemplate.Matches(string.Concat(Enumerable.Repeat("{+a}", 300)) + "!", new string('a', 2000)));
}
