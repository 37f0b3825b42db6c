using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Tests.Registry;

/// <summary>A server that shows the tools a test gives it.</summary>
internal sealed class StubDiscovery : IUpstreamDiscovery
{
    public List<ToolContract> Tools { get; } = [];

    public List<UpstreamEndpoint> Asked { get; } = [];

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
        Asked.Add(endpoint);
        return Task.FromResult(new DiscoveryResult([.. Tools], null, null));
    }
}
