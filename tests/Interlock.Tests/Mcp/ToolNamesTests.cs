using Interlock.Core.Registry;

namespace Interlock.Tests.Mcp;

public sealed class ToolNamesTests
{
    [Fact]
    public void Name_PartsThatRunTogether_AreNeverOne()
    {
        string[] parts = ["a", "b", "_", "__", "a_", "_a", "a__b", "a__", "-", "workflow", "interlock", "é", "е", "A"];
        var whole = parts.SelectMany(server => parts.Select(tool => $"{server}/{tool}")).ToList();
        var names = whole.Select(ToolNames.Name).Concat(whole.Select(ToolNames.WorkflowName)).ToList();
        Assert.Equal(names.Count, names.Distinct(StringComparer.Ordinal).Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9_-]{1,64}$", name));
    }

    [Theory]
    [InlineData("crm/read", "crm__read")]
    [InlineData("crm/read__all", "crm__read__all")]
    [InlineData("crm/_read", "crm___read")]
    public void Name_ThatCanBeReadOneWayOnly_IsPlain(string tool, string name) => Assert.Equal(name, ToolNames.Name(tool));

    [Fact]
    public void Name_MadeToLookLikeAnotherOnesDigest_IsAnotherName()
    {
        var target = ToolNames.Name("crm/" + new string('x', 80));
        Assert.NotEqual(target, ToolNames.Name("crm/" + target["crm__".Length..]));
    }
}
