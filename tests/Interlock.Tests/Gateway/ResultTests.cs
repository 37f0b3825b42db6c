using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Results;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Results are held against their contract, redacted, and kept apart when large, before they are recorded or handed on.</summary>
public sealed class ResultTests
{
    private const string Schema = """{"type":"object","required":["id"],"properties":{"id":{"type":"string"},"n":{"type":"number"}},"additionalProperties":false}""";

    private static CancellationToken Token => World.Token;

    [Fact]
    public async Task Output_AsTheContractPromises_IsHandedOn()
    {
        await using var world = await WorldAsync(new ToolSettings(), Schema);
        world.Upstream.Then(Answer("""{"structuredContent":{"id":"x"},"content":[]}"""));
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world), Token));
        Assert.Equal("""{"id":"x"}""", done.Output.ToString());
    }

    [Theory]
    [InlineData("""{"structuredContent":{"id":7,"secret":"hunter2"},"content":[]}""", "'/id' (type)")]
    [InlineData("""{"structuredContent":{"n":1},"content":[]}""", "(required)")]
    [InlineData("""{"content":[{"type":"text","text":"hunter2"}]}""", "no structured content")]
    public async Task Output_OfAnotherShape_IsRefusedAndTheCallNotMadeAgain(string result, string says)
    {
        await using var world = await WorldAsync(new ToolSettings { Idempotent = true }, Schema);
        world.Upstream.Then(Answer(result));
        var call = Call(world);
        for (var asked = 0; asked < 2; asked++)
        {
            var failed = Assert.IsType<GatewayResult.Failed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token));
            Assert.Equal(("settle", "result-invalid"), (failed.Problem.Stage, failed.Problem.Rule));
            Assert.Contains(says, failed.Problem.Detail);
            Assert.Null(failed.Result);
        }
        Assert.Single(world.Upstream.Calls);
        var outcome = Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome));
        Assert.Equal(("failed", CanonicalJson.Digest(StrictJson.Parse(result))), (outcome.Outcome, outcome.ResultDigest));
        Assert.DoesNotContain("hunter2", outcome.ToJson().ToString());
    }

    [Fact]
    public async Task Error_IsNotHeldAgainstTheContract()
    {
        await using var world = await WorldAsync(new ToolSettings(), Schema);
        world.Upstream.Then(Answer("""{"content":[{"type":"text","text":"no such thing"}],"isError":true}""", isError: true));
        Assert.Equal(ProblemTypes.ToolError, Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world), Token)).Problem.Type);
    }

    [Fact]
    public async Task Redaction_ByPathAndPattern_ReachesEveryCopyAndIsMarked()
    {
        var settings = new ToolSettings { Redact = [new Redaction("/users/*/ssn", null), new Redaction(null, "[a-z]+@contoso\\.com"), new Redaction("/note", "[0-9]{4}")] };
        await using var world = await WorldAsync(settings);
        const string Result = """
            {"structuredContent":{"users":[{"name":"ana","ssn":"123-45-6789"},{"name":"bob","ssn":"987-65-4321"}],"note":"pin 4711","mail":"ana@contoso.com"},
             "content":[{"type":"text","text":"{\"users\":[{\"ssn\":\"123-45-6789\"}],\"note\":\"pin 4711\"}"},{"type":"text","text":"Ana (123-45-6789, ana@contoso.com)"},
                        {"type":"resource","resource":{"uri":"x:1","text":"write to bob@contoso.com"}}]}
            """;
        world.Upstream.Then(Answer(Result));
        var call = Call(world) with { Site = null };
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(call, Token));
        var text = done.Result!.ToString() + done.Output;
        foreach (var secret in (string[])["123-45", "987-65", "4711", "@contoso"]) Assert.DoesNotContain(secret, text);
        Assert.Equal("""{"users":[{"name":"ana","ssn":"[redacted]"},{"name":"bob","ssn":"[redacted]"}],"note":"pin [redacted]","mail":"[redacted]"}""", done.Output.ToString());
        Assert.DoesNotContain("123-45", await StoredAsync(world, call));
        var outcome = Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome));
        Assert.True(world.Mac.Verify("interlock/redacted-result", StrictJson.Parse(Result), outcome.Details!["resultMac"]!.AsString()));
        Assert.NotEqual(CanonicalJson.Digest(StrictJson.Parse(Result)), outcome.ResultDigest); // a plain digest of what was blanked could be guessed
    }

    [Fact]
    public async Task Redaction_OfErrorsAndQuestions_IsTheSame()
    {
        await using var world = await WorldAsync(new ToolSettings { Redact = [new Redaction(null, "hunter[0-9]")] });
        world.Upstream.Then(Answer("""{"content":[{"type":"text","text":"wrong password hunter2"}],"isError":true}""", isError: true), new UpstreamResult.InputRequired(StrictJson.Parse("""{"q":{"message":"is it hunter2?"}}"""), null));
        var failed = Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world), Token));
        Assert.Equal("wrong password [redacted]", failed.Problem.Detail);
        var asked = Assert.IsType<GatewayResult.InputRequired>(await world.Node.Gateway.CallAsync(Call(world) with { Effect = new("00000000000000000000000000000002"), Site = null, Link = InputRoundTests.Link() }, Token));
        Assert.Equal("""{"q":{"message":"is it [redacted]?"}}""", asked.Requests!.ToString());
    }

    [Fact]
    public async Task Redaction_ThatCannotBeRun_RefusesTheResult()
    {
        await using var world = await WorldAsync(new ToolSettings { Redact = [new Redaction(null, "(?=x)")] });
        world.Upstream.Then(Answer("""{"content":[{"type":"text","text":"hunter2"}]}"""));
        var failed = Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world), Token));
        Assert.Equal("result-invalid", failed.Problem.Rule);
        Assert.DoesNotContain("hunter2", await StoredAsync(world, Call(world)));
    }

    [Fact]
    public async Task Pattern_AgainstAMegabyte_IsLinear()
    {
        await using var world = await WorldAsync(new ToolSettings { Redact = [new Redaction(null, "(a+)+$")] });
        world.Upstream.Then(Answer(JsonValue.Object(("content", JsonValue.Array(JsonValue.Object(("type", "text"), ("text", new string('a', 200_000) + "!"))))).ToString()));
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await world.Node.Gateway.CallAsync(Call(world) with { Site = null }, Token);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 10);
    }

    [Fact]
    public async Task RunsResult_TooLarge_IsAHandleWithItsBeginning()
    {
        await using var world = await WorldAsync(new ToolSettings());
        var large = JsonValue.Object(("text", new string('ü', 40_000)));
        world.Upstream.Then(StubUpstream.Done(large));
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world), Token));
        Assert.Equal(CanonicalJson.Digest(large), done.Output["artifact"]!.AsString());
        Assert.Equal(80_011, done.Output["size"]!.AsNumber());
        Assert.InRange(Encoding.UTF8.GetByteCount(done.Output["preview"]!.AsString()), 500, 1024);
        var id = done.Output["uri"]!.AsString()[Artifact.UriPrefix.Length..];
        var artifacts = world.Node.Gateway.Artifacts;
        Assert.NotNull(await artifacts.FindAsync(World.Tenant, "user:ana", World.Run, id, Token));
        Assert.NotNull(await artifacts.FindAsync(World.Tenant, "user:ana", null, id, Token));
        Assert.Null(await artifacts.FindAsync(World.Tenant, "user:ana", new RunId(new string('b', 32)), id, Token));
        Assert.Null(await artifacts.FindAsync(World.Tenant, "user:sam", null, id, Token));
        Assert.Null(await artifacts.FindAsync(new TenantId("other"), "user:ana", null, id, Token));
        Assert.Null(await artifacts.FindAsync(new TenantId("other"), id, Token));
        foreach (var guess in (string[])["", "../x", id[..42] + (id[42] == 'A' ? 'B' : 'A'), done.Output["artifact"]!.AsString()]) Assert.Null(await artifacts.FindAsync(World.Tenant, guess, Token));
    }

    [Theory]
    [InlineData(1061, false)]
    [InlineData(1062, true)]
    public async Task ClientsResult_LargerThanTheToolMay_IsALink(int length, bool isKept)
    {
        await using var world = await WorldAsync(new ToolSettings { MaxResultBytes = 1100 });
        var text = new string('x', length);
        world.Upstream.Then(Answer(JsonValue.Object(("content", JsonValue.Array(JsonValue.Object(("text", text), ("type", "text"))))).ToString()));
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world) with { Site = null }, Token));
        var link = done.Result!["content"]![1];
        Assert.Equal(isKept, link is not null);
        if (link is null) return;
        Assert.Equal("resource_link", link["type"]!.AsString());
        var artifacts = world.Node.Gateway.Artifacts;
        var artifact = await artifacts.FindAsync(World.Tenant, "user:ana", null, link["uri"]!.AsString()[Artifact.UriPrefix.Length..], Token);
        Assert.Equal(text, Encoding.UTF8.GetString(await artifacts.ReadAsync(World.Tenant, artifact!, Token)));
    }

    [Theory]
    [InlineData(900, false)]
    [InlineData(3000, true)]
    public async Task ClientsResult_OfAContract_KeepsItsStructuredContentWhileThatIsNoLargerThanTheToolMay_ElseIsAnErrorThatSaysItWasDone(int length, bool isError)
    {
        await using var world = await WorldAsync(new ToolSettings { MaxResultBytes = 1100 }, Schema);
        var structured = JsonValue.Object(("id", new string('x', length)));
        var whole = JsonValue.Object(("content", JsonValue.Array(JsonValue.Object(("type", "text"), ("text", structured.ToString())))), ("structuredContent", structured));
        world.Upstream.Then(Answer(whole.ToString()));
        var call = Call(world) with { Site = null };
        for (var asked = 0; asked < 2; asked++)
        {
            var result = Assert.IsType<GatewayResult.Completed>(await new Node(world, world.Memory).Gateway.CallAsync(call, Token)).Result!;
            Assert.Equal("resource_link", result["content"]![1]!["type"]!.AsString());
            Assert.Equal(isError ? null : structured, result["structuredContent"]);
            Assert.Equal(isError ? JsonValue.True : null, result["isError"]);
            Assert.Equal(isError, result["content"]![0]!["text"]!.AsString().StartsWith("The call was done and is not to be made again", StringComparison.Ordinal));
            var artifacts = world.Node.Gateway.Artifacts;
            var artifact = await artifacts.FindAsync(World.Tenant, "user:ana", null, result["content"]![1]!["uri"]!.AsString()[Artifact.UriPrefix.Length..], Token);
            Assert.Equal(whole, StrictJson.Parse(await artifacts.ReadAsync(World.Tenant, artifact!, Token)));
        }
        Assert.Single(world.Upstream.Calls);
        Assert.Equal("completed", Assert.Single(await world.RecordsAsync(AuditTypes.CallOutcome)).Outcome);
    }

    [Fact]
    public async Task Artifact_HoldsNothingThatWasBlankedOut()
    {
        await using var world = await WorldAsync(new ToolSettings { MaxResultBytes = 1024, Redact = [new Redaction("/secret", null)] });
        world.Upstream.Then(StubUpstream.Done(JsonValue.Object(("secret", "hunter2"), ("rest", new string('x', 3000)))));
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world), Token));
        var blob = await world.Blobs.GetAsync(World.Tenant, done.Output["artifact"]!.AsString(), Token);
        Assert.DoesNotContain("hunter2", Encoding.UTF8.GetString(blob!));
    }

    [Fact]
    public async Task Shape_IsCheckedBeforeSize()
    {
        await using var world = await WorldAsync(new ToolSettings(), Schema);
        world.Upstream.Then(StubUpstream.Done(JsonValue.Object(("id", new string('x', 100_000)), ("more", true))));
        Assert.Equal("result-invalid", Assert.IsType<GatewayResult.Failed>(await world.Node.Gateway.CallAsync(Call(world), Token)).Problem.Rule);
    }

    /// <summary>All that the ledger and the audit hold of it.</summary>
    [Fact]
    public async Task Redaction_ByPath_ReachesEmbeddedResources()
    {
        await using var world = await WorldAsync(new ToolSettings { Redact = [new Redaction("/ssn", null)] });
        world.Upstream.Then(Answer("""
            {"structuredContent":{"ssn":"123-45-6789"},"content":[{"type":"resource","resource":{"uri":"x:1","text":"{\"ssn\":\"987-65-4321\"}"}},{"type":"resource","resource":{"uri":"x:2","text":"it is 123-45-6789"}}]}
            """));
        var done = Assert.IsType<GatewayResult.Completed>(await world.Node.Gateway.CallAsync(Call(world) with { Site = null }, Token));
        Assert.DoesNotContain("123-45", done.Result!.ToString());
        Assert.DoesNotContain("987-65", done.Result.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Redaction_ByPattern_HoldsForWhatIsSaidBesideTheResult(bool isRejected)
    {
        var server = new ServerBody(World.Address, "reg-1");
        await using var world = await WorldAsync(new ToolSettings { Redact = [new Redaction(null, "hunter[0-9]")] });
        var heard = new List<string>();
        var problem = new Problem(ProblemTypes.Communication, 502, "The upstream answered with an error", "-32602: no user hunter2") { Needs = JsonValue.Object(("elicitation", "hunter2")) };
        world.Upstream.Then((sent, _) =>
        {
            sent.Link!.Log!(JsonValue.Object(("level", "info"), ("data", "looks for hunter2")));
            sent.Link.Progress!(JsonValue.Object(("progress", 1), ("message", "found hunter2")));
            return Task.FromResult<UpstreamResult>(isRejected ? new UpstreamResult.Rejected(problem) : new UpstreamResult.Unknown(problem));
        });
        var link = new CallerLink { Log = said => heard.Add(said.ToString()), Progress = said => heard.Add(said.ToString()) };
        var result = await world.Node.Gateway.CallAsync(Call(world) with { Site = null, Link = link }, Token);
        var shown = (result as GatewayResult.Failed)?.Problem ?? Assert.IsType<GatewayResult.InDoubt>(result).Problem;
        Assert.Contains("[redacted]", shown.Detail);
        Assert.Equal("""{"level":"info","data":"looks for [redacted]"}|{"progress":1,"message":"found [redacted]"}""", string.Join('|', heard));
        var kept = string.Join('\n', (await world.RecordsAsync()).Select(record => record.ToJson().ToString()).Append(shown.ToJson().ToString()).Append(shown.Needs?.ToString() ?? ""));
        Assert.DoesNotContain("hunter2", kept + string.Join('\n', world.Node.Gateway.Routes.Of(World.Tenant, server).Select(route => route.LastFailure?.Detail)));
    }

    private static async Task<string> StoredAsync(World world, GatewayCall call)
    {
        var (row, _) = (await new Ledger(world.Memory, world.Blobs).FindAsync(call, Token))!.Value;
        return RunJson.ToValue(row) + string.Concat((await world.RecordsAsync()).Select(record => record.ToJson().ToString()));
    }

    private static UpstreamResult.Completed Answer(string result, bool isError = false) => MethodResult.Completed(StrictJson.Parse(result), isError);

    private static GatewayCall Call(World world) => world.Call("crm/lookup");

    private static async Task<World> WorldAsync(ToolSettings settings, string? schema = null)
    {
        var world = await World.CreateAsync();
        var body = new ToolBody(JsonValue.Object(("name", "lookup")), "sha256:contract-2", StrictJson.Parse("""{"type":"object"}""")) { Settings = settings, OutputSchema = schema is null ? null : StrictJson.Parse(schema) };
        await world.WriteAsync(World.Entry(RegistryKind.Tool, "crm/lookup", "2.0.0", body));
        return world;
    }
}
