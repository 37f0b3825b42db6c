using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Hosting;

/// <summary>
/// Counts what is refused before anybody is known: hosts and origins not served, tokens not accepted. One record a minute for each rule, face and kind of address, so that a
/// flood fills neither memory nor the audit. Under the tenant that the host serves; a host of several records none. The last minute of a process may be lost.
/// </summary>
internal sealed partial class EdgeRefusals(InterlockWeb web)
{
    public const string Subject = "system:edge";

    private const int MostKinds = 256;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Kind, long> _counts = new();
    private readonly ILogger _logger = web.Loggers.CreateLogger<EdgeRefusals>();
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private ITimer? _timer;
    private int _waiting;

    public void Count(HttpContext context, Problem refusal)
    {
        if (web.Options.DefaultTenant.Length == 0) return;
        var kind = new Kind(web.Time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute, Face(context.Request.Path), AddressOf(context.Connection.RemoteIpAddress), refusal.Stage ?? "http", refusal.Rule ?? "refused");
        if (_counts.Count >= MostKinds && !_counts.ContainsKey(kind)) kind = kind with { Face = "any", Rule = "others" };
        _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        Await();
    }

    /// <summary>Records what was counted; what can't be recorded now is tried again in a minute.</summary>
    internal async Task WriteAsync()
    {
        _timer?.Dispose();
        Interlocked.Exchange(ref _waiting, 0);
        foreach (var kind in _counts.Keys.ToList())
        {
            if (!_counts.TryRemove(kind, out var count)) continue;
            try
            {
                await AppendAsync(kind, count);
            }
            catch (Exception e)
            {
                Log.NotRecorded(_logger, e, count);
                _counts.AddOrUpdate(kind, count, (_, later) => later + count);
                Await();
                return;
            }
        }
    }

    private void Await()
    {
        if (Interlocked.Exchange(ref _waiting, 1) == 0) _timer = web.Time.CreateTimer(_ => _ = WriteAsync(), null, Minute, Timeout.InfiniteTimeSpan);
    }

    private async Task AppendAsync(Kind kind, long count)
    {
        var at = new DateTimeOffset(kind.Minute * TimeSpan.TicksPerMinute, TimeSpan.Zero);
        var chain = AuditChain.ForPrincipal(new TenantId(web.Options.DefaultTenant), Subject, at);
        var id = string.Create(CultureInfo.InvariantCulture, $"edge:{_instance}:{kind.Minute}:{kind.Face}:{kind.Address}:{kind.Rule}:{web.Time.GetTimestamp()}");
        var record = RefusalRecord.Of(chain, id, web.Time.GetUtcNow(), kind.Stage, kind.Rule, null) with
        {
            Actors = [Subject],
            Details = JsonValue.Object(("count", count), ("face", kind.Face), ("addresses", kind.Address), ("minute", at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture))),
        };
        await web.Audit.AppendAsync(chain, [record], [], CancellationToken.None);
    }

    private static string Face(PathString path) =>
        path.StartsWithSegments("/mcp") ? "mcp" : path.StartsWithSegments("/api") ? "api" : "pages";

    private static string AddressOf(IPAddress? address)
    {
        if (address is null) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return "loopback";
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal ? "private-v6" : "public-v6";
        return address.GetAddressBytes() is [10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [169, 254, ..] or [100, >= 64 and <= 127, ..] ? "private-v4" : "public-v4";
    }

    private sealed record Kind(long Minute, string Face, string Address, string Stage, string Rule);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Count} refusals at the edge could not be recorded")]
        public static partial void NotRecorded(ILogger logger, Exception e, long count);
    }
}
