namespace Interlock.Local.Bench;

/// <summary>Starts everything that takes part. The direct rows always do; of the others those whose names hold what is asked for.</summary>
internal sealed class BenchCast(BenchOptions options, string directory) : IAsyncDisposable
{
    private const string Json = "direct, JSON";
    private const string Sse = "direct, SSE";
    private const string TypeScript = "direct, TypeScript";

    private readonly List<BenchTarget> _targets = [];
    private readonly List<BenchProcess> _processes = [];

    public IReadOnlyList<BenchTarget> Targets => _targets;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var others = new OtherGateways(options.Npm, directory);
        var echo = Keep(await BenchProcess.OwnAsync("the echo server", [BenchRole.Echo], cancellationToken));
        var origin = new Uri(echo.Ready[0]);
        var json = new Uri(origin, EchoServer.JsonPath);
        _targets.Add(new BenchTarget(Json, json, EchoServer.Tool, echo, Json));
        _targets.Add(new BenchTarget(Sse, new Uri(origin, EchoServer.SsePath), EchoServer.Tool, echo, Json));
        var upstreams = new List<(Uri Url, string Baseline)> { (json, Json) };
        if (await others.ServerAsync(cancellationToken) is var (typeScript, url, version))
        {
            _targets.Add(new BenchTarget($"{TypeScript} SDK {version}", url, EchoServer.Tool, Keep(typeScript), $"{TypeScript} SDK {version}"));
            upstreams.Add((url, _targets[^1].Name));
        }
        foreach (var (upstream, baseline) in upstreams)
        {
            if (Wants("nginx")) Add(await others.NginxAsync(upstream, baseline, cancellationToken));
            if (Wants("bare .NET forwarder")) Add(await ForwarderAsync(upstream, baseline, cancellationToken));
            if (Wants("mcp-proxy")) Add(await others.McpProxyAsync(upstream, baseline, cancellationToken));
        }
        if (Wants("supergateway")) Add(await others.SupergatewayAsync(Json, cancellationToken));
        if (Wants("Interlock, in memory")) await InterlockAsync("Interlock, in memory", "memory", ["--in-memory"], upstreams, cancellationToken);
        if (Wants("Interlock, durable")) await InterlockAsync("Interlock, durable", "durable", [], upstreams, cancellationToken);
        _targets.Sort((left, right) => upstreams.FindIndex(upstream => upstream.Baseline == left.Baseline).CompareTo(upstreams.FindIndex(upstream => upstream.Baseline == right.Baseline)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
    }

    private bool Wants(string name) => options.Only is not { } only || name.Contains(only, StringComparison.OrdinalIgnoreCase);

    private BenchProcess Keep(BenchProcess process)
    {
        _processes.Add(process);
        return process;
    }

    private void Add(BenchTarget? target)
    {
        if (target is null) return;
        Keep(target.Process);
        _targets.Add(target with { Name = Named(target.Name, target.Baseline) });
    }

    /// <summary>What stands before another server than ours says so.</summary>
    private static string Named(string name, string baseline) => baseline == Json ? name : name + " → TypeScript";

    private static async Task<BenchTarget> ForwarderAsync(Uri upstream, string baseline, CancellationToken cancellationToken)
    {
        var forwarder = await BenchProcess.OwnAsync("the forwarder", [BenchRole.Forward, "--upstream", upstream.ToString()], cancellationToken);
        return new BenchTarget("bare .NET forwarder", new Uri(new Uri(forwarder.Ready[0]), "/mcp"), EchoServer.Tool, forwarder, baseline);
    }

    /// <summary>One process for all upstreams.</summary>
    private async Task InterlockAsync(string name, string folder, IReadOnlyList<string> flags, List<(Uri Url, string Baseline)> upstreams, CancellationToken cancellationToken)
    {
        string[] arguments = [BenchRole.Gateway, "--data", Path.Combine(directory, folder), .. upstreams.SelectMany(upstream => (string[])["--upstream", upstream.Url.ToString()]), .. flags];
        var gateway = Keep(await BenchProcess.OwnAsync(name, arguments, cancellationToken));
        var tokens = (await gateway.AskAsync("tokens 1", cancellationToken)).Split(' ');
        for (var i = 0; i < upstreams.Count; i++)
        {
            var tool = $"{BenchGateway.ServerName(i)}__{EchoServer.Tool}";
            _targets.Add(new BenchTarget(Named(name, upstreams[i].Baseline), new Uri(gateway.Ready[0]), tool, gateway, upstreams[i].Baseline) { Tokens = tokens, IsGateway = true });
        }
    }
}
