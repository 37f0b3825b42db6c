using System.Text;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Http.Upstreams;
using Interlock.Http.Upstreams.Credentials;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Upstreams;

/// <summary>An upstream over real loopback connections.</summary>
internal sealed class UpstreamFixture(EgressOptions? egress = null, ISecretSource? secrets = null, TimeProvider? time = null) : IAsyncDisposable
{
    private readonly HttpMessageHandler _egress = EgressHandler.Create(egress ?? new EgressOptions { AllowLoopback = true });
    private McpUpstream? _mcp;
    private A2aUpstream? _a2a;

    public McpUpstream Mcp => _mcp ??= new McpUpstream(_egress, NullLoggerFactory.Instance, time ?? TimeProvider.System, new UpstreamCredentials(secrets, _egress, time ?? TimeProvider.System));

    public A2aUpstream A2a => _a2a ??= new A2aUpstream(_egress, TimeProvider.System);

    public HttpUpstream Http => new(_egress, new UpstreamCredentials(secrets, _egress, time ?? TimeProvider.System), time ?? TimeProvider.System);

    public ChatUpstream Chat => new(_egress, new UpstreamCredentials(secrets, _egress, time ?? TimeProvider.System), time ?? TimeProvider.System);

    public static UpstreamCall Call(Uri address, string arguments = "{}", string tool = "t", UpstreamKind kind = UpstreamKind.Mcp, TimeSpan? time = null, string key = "key-1") =>
        new(
            new(kind, "tenant/server/1", address), tool, Encoding.UTF8.GetBytes(arguments), key,
            DateTimeOffset.UtcNow + (time ?? TimeSpan.FromSeconds(30)), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    public Task<UpstreamResult> CallAsync(Uri address, string arguments = "{}", TimeSpan? time = null) =>
        Mcp.InvokeAsync(Call(address, arguments, time: time), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_mcp is not null) await _mcp.DisposeAsync();
        _a2a?.Dispose();
        _egress.Dispose();
    }
}
