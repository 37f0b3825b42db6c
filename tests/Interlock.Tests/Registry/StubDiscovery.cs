using System.Collections.Concurrent;
using Interlock.Core.Gateway;
using Interlock.Http.Upstreams;
using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Tests.Registry;

/// <summary>Servers that show the tools a test gives them, all the same unless it says otherwise.</summary>
internal sealed class StubDiscovery : IUpstreamDiscovery
{
    private readonly ConcurrentQueue<UpstreamEndpoint> _asked = new();

    public List<ToolContract> Tools { get; } = [];

    public string? Instructions { get; set; }

    public IReadOnlyList<UpstreamEndpoint> Asked => [.. _asked];

    /// <summary>What an address answers instead.</summary>
    public ConcurrentDictionary<string, Func<CancellationToken, Task<DiscoveryResult>>> On { get; } = new(StringComparer.Ordinal);

    /// <summary>What all other addresses answer instead.</summary>
    public Func<CancellationToken, Task<DiscoveryResult>>? Otherwise { get; set; }

    public List<ToolContract> Operations { get; } = [];

    public DiscoveryResult Result => new([.. Tools], Instructions, null) { Operations = [.. Operations] };

    /// <summary>Offers resources, and these prompts.</summary>
    public void Offer(string prompts)
    {
        Operations.Clear();
        Operations.AddRange(McpOperations.Of(new ServerCapabilities { Resources = new(), Prompts = new() }, StrictJson.Parse(prompts).Items, Instructions));
    }

    public void Show(params (string Name, string Description)[] tools)
    {
        Tools.Clear();
        foreach (var (name, description) in tools)
        {
            var raw = JsonValue.Object(("name", name), ("description", description), ("inputSchema", JsonValue.Object(("type", "object"))));
            Tools.Add(ToolContract.Read(raw, null)!); // it has a name and a schema
        }
    }

    public Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        _asked.Enqueue(endpoint);
        return On.TryGetValue(endpoint.Address.AbsoluteUri, out var answer) ? answer(ct) : Otherwise?.Invoke(ct) ?? Task.FromResult(Result);
    }
}
