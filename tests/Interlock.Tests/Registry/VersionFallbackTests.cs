using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

public sealed class VersionFallbackTests
{
    private const string Old = """{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}""";
    private const string Wider = """{"type":"object","required":["a"],"properties":{"a":{"type":["string","number"]}}}""";
    private const string Narrower = """{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}""";
    private const string Result = """{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}""";
    private const string OtherResult = """{"type":"object","properties":{"id":{"type":"string"}}}""";

    [Fact]
    public void Resolve_NothingActiveInTheRange_GoesToTheNewestThatFits()
    {
        var registry = Of(Tool("1.2.0", Old, Lifecycle.Deprecated), Tool("2.0.0", Wider), Tool("3.0.0", Narrower));
        var found = Assert.IsType<Resolution.Found>(registry.Resolve(RegistryKind.Tool, "crm/read", "^1"));
        Assert.Equal(("2.0.0", "1.2.0"), (found.Entry.Version, found.RepinnedFrom?.Version));
    }

    [Theory]
    [InlineData(Narrower, Result, "arguments at '/required/1'")]
    [InlineData(Old, OtherResult, "results at")]
    [InlineData(Old, null, "results: they are described no more")]
    public void Resolve_NothingFits_IsRefusedSayingWhichChangeBreaks(string input, string? output, string why)
    {
        var registry = Of(Tool("1.0.0", Old, Lifecycle.Deprecated, Result), Tool("2.0.0", input, output: output));
        var refused = Assert.IsType<Resolution.Refused>(registry.Resolve(RegistryKind.Tool, "crm/read", "1.0.0"));
        Assert.Equal(("deprecated", 410), (refused.Rule, refused.Status));
        Assert.Contains(why.Split(" at '")[0], refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_SuccessorIsNamed_NoOtherStandsInForIt()
    {
        var registry = Of(Tool("1.0.0", Old, Lifecycle.Deprecated, successor: "3.0.0"), Tool("2.0.0", Wider), Tool("3.0.0", Narrower));
        Assert.Contains("its successor 3.0.0", Assert.IsType<Resolution.Refused>(registry.Resolve(RegistryKind.Tool, "crm/read", "^1")).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Lifecycle.Disabled, "disabled")]
    [InlineData(Lifecycle.Quarantined, "quarantined")]
    public void Resolve_DisabledOrQuarantined_IsNeverStoodInFor(Lifecycle lifecycle, string rule)
    {
        var registry = Of(Tool("1.0.0", Old, lifecycle), Tool("2.0.0", Old));
        Assert.Equal(rule, Assert.IsType<Resolution.Refused>(registry.Resolve(RegistryKind.Tool, "crm/read", "^1")).Rule);
    }

    [Fact]
    public void Explain_EveryVersion_SaysWhyItIsTakenOrNot()
    {
        var registry = Of(Tool("1.2.0", Old, Lifecycle.Deprecated), Tool("2.0.0", Wider), Tool("3.0.0", Narrower), Tool("4.0.0", Old, Lifecycle.Quarantined));
        var call = new GatewayCall(new EffectId(""), new ActorChain(new World().Ana), TargetKind.Tool, "crm/read", "^1", JsonValue.EmptyObject, World.Start);
        var explained = RouteExplanation.Of(call, registry);
        Assert.Equal(("2.0.0", "1.2.0", null), (explained.Taken, explained.RepinnedFrom, explained.Refusal));
        Assert.Equal(["4.0.0", "3.0.0", "2.0.0", "1.2.0"], explained.Candidates.Select(candidate => candidate.Version));
        Assert.Equal("2.0.0", Assert.Single(explained.Candidates, candidate => candidate.IsTaken).Version);
        Assert.StartsWith("does not fit 1.2.0: arguments", explained.Candidates[1].Why, StringComparison.Ordinal);
        Assert.StartsWith("quarantined", explained.Candidates[0].Why, StringComparison.Ordinal);
    }

    private static RegistrySnapshot Of(params RegistryEntry[] tools) => new(World.Tenant, 1, [World.Server(), .. tools]);

    private static RegistryEntry Tool(string version, string input, Lifecycle lifecycle = Lifecycle.Active, string? output = null, string? successor = null) =>
        World.Entry(RegistryKind.Tool, "crm/read", version, new ToolBody(JsonValue.Object(("name", "read")), $"sha256:{version}", StrictJson.Parse(input)) { OutputSchema = output is null ? null : StrictJson.Parse(output) }, lifecycle)
            with
        { Successor = successor };
}
