using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Upstreams;

/// <summary>Published servers, registered and called through the gateway as it is built in the hosts.</summary>
public sealed class RealServersTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_RegisteredAndCalled_AnswersWithEveryKindOfContent()
    {
        await using var server = await RealServer.EverythingAsync();
        await using var rig = await Rig.StartAsync("everything", server.Address);

        Assert.Contains("everything/echo", rig.Targets);
        Assert.Equal(
            ["everything/completion:complete", "everything/prompts:get", "everything/resources:list", "everything/resources:read", "everything/resources:templates"],
            rig.Targets.Where(UpstreamOperations.Is).Order(StringComparer.Ordinal));
        Assert.Equal("Echo: hello", (await rig.CompletedAsync("echo", """{"message":"hello"}""")).Output.AsString());
        Assert.Equal(["text", "image", "text"], Kinds(await rig.CompletedAsync("get-tiny-image")));
        Assert.Contains("resource", Kinds(await rig.CompletedAsync("get-resource-reference", """{"resourceType":"Text","resourceId":1}""")));
        Assert.Contains("resource_link", Kinds(await rig.CompletedAsync("get-resource-links", """{"count":2}""")));
        var structured = await rig.CompletedAsync("get-structured-content", """{"location":"Chicago"}""");
        Assert.True(structured.Output.IsObject);
        Assert.Equal(structured.Output, structured.Result?["structuredContent"]);
        Assert.NotNull(structured.Result?["content"]);
        var annotated = await rig.CompletedAsync("get-annotated-message", """{"messageType":"error"}""");
        Assert.NotNull(annotated.Result?["content"]?[0]?["annotations"]);
    }

    [Fact]
    public async Task Everything_LongWork_TellsItsProgressToTheLast()
    {
        await using var server = await RealServer.EverythingAsync();
        await using var rig = await Rig.StartAsync("everything", server.Address);
        var heard = new ConcurrentQueue<JsonValue>();

        await rig.CompletedAsync("trigger-long-running-operation", """{"duration":0.5,"steps":5}""", new CallerLink { Progress = heard.Enqueue });

        Assert.Equal([1, 2, 3, 4, 5], heard.Select(said => said["progress"]!.AsNumber()));
    }

    [Fact]
    public async Task Everything_ResourcesPromptsAndCompletion_AreItsOwn()
    {
        await using var server = await RealServer.EverythingAsync();
        await using var rig = await Rig.StartAsync("everything", server.Address);

        var resources = (await rig.CompletedAsync(UpstreamOperations.ListResources)).Result!["resources"]!; // the operation's result
        var read = await rig.CompletedAsync(UpstreamOperations.ReadResource, $$"""{"uri":{{resources[0]!["uri"]}}}"""); // it has some
        Assert.Equal(resources[0]!["uri"], read.Result!["contents"]![0]!["uri"]);
        Assert.NotEqual(0, (await rig.CompletedAsync(UpstreamOperations.ListTemplates)).Result!["resourceTemplates"]!.Count);
        var prompt = await rig.CompletedAsync(UpstreamOperations.GetPrompt, """{"name":"completable-prompt","arguments":{"department":"Sales","name":"Eve"}}""");
        Assert.Contains("Eve", prompt.Result!["messages"]![0]!["content"]!["text"]!.AsString(), StringComparison.Ordinal);
        var completion = await rig.CompletedAsync(UpstreamOperations.Complete, """{"ref":{"type":"ref/prompt","name":"completable-prompt"},"argument":{"name":"name","value":""},"context":{"arguments":{"department":"Sales"}}}""");
        Assert.Equal("""["David","Eve","Frank"]""", completion.Result!["completion"]!["values"]!.ToString());
    }

    [Fact]
    public async Task Everything_ToolThatIsATaskOnly_IsHandedAndItsResultIsFetched()
    {
        await using var server = await RealServer.EverythingAsync();
        await using var upstream = new UpstreamFixture();
        var call = UpstreamFixture.Call(server.Address, """{"topic":"interlocks"}""", "simulate-research-query") with { AsTask = true };

        var result = await upstream.Mcp.InvokeAsync(call, Token);
        var handed = Assert.IsType<UpstreamResult.Handed>(result);
        while (result is UpstreamResult.Handed { PollAfter: var wait })
        {
            await Task.Delay(wait, Token); // as long as the server says
            result = await upstream.Mcp.InvokeAsync(call with { Task = handed.Task }, Token);
        }

        Assert.Contains("interlocks", Assert.IsType<UpstreamResult.Completed>(result).Output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_Restarted_IsConnectedAnewByTheNextCall()
    {
        var server = await RealServer.EverythingAsync();
        var port = server.Address.Port;
        await using var rig = await Rig.StartAsync("everything", server.Address);
        await rig.CompletedAsync("echo", """{"message":"a"}""");
        await server.DisposeAsync();
        Assert.IsType<GatewayResult.Failed>(await rig.CallAsync("echo", """{"message":"b"}""")); // it never left

        await using var again = await RealServer.EverythingAsync(port);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await rig.CompletedAsync("echo", """{"message":"c"}""");

        TestContext.Current.TestOutputHelper?.WriteLine($"reconnected and called in {watch.Elapsed.TotalMilliseconds:F0} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}"); // a second, on a machine that does nothing else
    }

    [Fact]
    public async Task Files_BehindAPublishedBridge_AreReadAndWritten()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Path);
        var file = Path.Combine(directory.Path, "note.txt");
        await using var server = await RealServer.FilesAsync(directory.Path);
        await using var rig = await Rig.StartAsync("files", server.Address);

        var written = await rig.CompletedAsync("write_file", JsonValue.Object(("path", file), ("content", "héllo €")).ToString());
        Assert.Equal("héllo €", await File.ReadAllTextAsync(file, Token));
        Assert.NotEqual(0, written.Result?["content"]?.Count);
        Assert.Contains("héllo €", (await rig.CompletedAsync("read_text_file", JsonValue.Object(("path", file)).ToString())).Result!.ToString(), StringComparison.Ordinal);
        Assert.IsType<GatewayResult.Failed>(await rig.CallAsync("read_text_file", """{"path":"/etc/passwd"}""")); // its own rule
    }

    private static IEnumerable<string> Kinds(GatewayResult.Completed done) => done.Result!["content"]!.Items.Select(block => block["type"]!.AsString()); // an MCP tool's

    /// <summary>A gateway over a store in memory, with the upstream of the hosts and a server that is registered there.</summary>
    private sealed class Rig(World world, UpstreamFixture upstream, ToolGateway gateway, string server, IReadOnlyList<string> targets) : IAsyncDisposable
    {
        private int _calls;

        public IReadOnlyList<string> Targets { get; } = targets;

        public static async Task<Rig> StartAsync(string name, Uri address)
        {
            var (world, upstream) = (new World(), new UpstreamFixture());
            var desk = new RegistryDesk(world.Node.Registries, new WorkflowCatalog(world.Blobs), world.Node.Audit, upstream.Mcp, world.Directory, world.Node.Fences, world.Time);
            var registered = await desk.RegisterServerAsync(world.Ana, name, address, Token);
            Assert.True(registered is RegistryResult.Changed, (registered as RegistryResult.Refused)?.Problem.ToString());
            await world.WriteAsync(World.Entry(RegistryKind.Policy, PolicyCache.EntryName, "1.0.0", new PolicyBody("version: 1\nrules: [ { id: all, tools: ['*/*'], effect: allow } ]")));
            var registry = await world.Node.Registries.ReadAsync(World.Tenant, Token);
            var gateway = new ToolGateway(new GatewayParts(
                world.Memory, world.Memory, world.Blobs, world.Node.Registries, new PolicyCache(), world.Node.Gates, new AuditLog(world.Memory, TimeProvider.System), world.Directory, world.Fence, upstream.Mcp,
                world.Node.Fences, TimeProvider.System));
            return new Rig(world, upstream, gateway, name, [.. registry.OfKind(RegistryKind.Tool).Where(entry => entry.Lifecycle == Lifecycle.Active).Select(entry => entry.Name)]);
        }

        public async Task<GatewayResult.Completed> CompletedAsync(string target, string arguments = "{}", CallerLink? link = null)
        {
            var result = await CallAsync(target, arguments, link);
            Assert.True(result is GatewayResult.Completed, $"{target}: {result}");
            return (GatewayResult.Completed)result;
        }

        public Task<GatewayResult> CallAsync(string target, string arguments, CallerLink? link = null) => gateway.CallAsync(
            new GatewayCall(new EffectId($"effect-{Interlocked.Increment(ref _calls)}"), world.Origin.Chain(), TargetKind.Tool, $"{server}/{target}", null, StrictJson.Parse(arguments), DateTimeOffset.UtcNow.AddMinutes(1)) { Link = link }, Token);

        public async ValueTask DisposeAsync()
        {
            await upstream.DisposeAsync();
            await world.DisposeAsync();
        }
    }
}
