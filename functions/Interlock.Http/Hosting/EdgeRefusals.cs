using System.Net;
using System.Net.Sockets;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>
/// Counts what is refused before anybody is known: hosts and origins not served, tokens not accepted. One record a minute for each rule, face and kind of address. Under the tenant that the host
/// serves; a host of several records none.
/// </summary>
internal sealed class EdgeRefusals
{
    public const string Subject = "system:edge";

    private const int MostKinds = 256;

    private readonly InterlockWeb _web;
    private readonly RefusalCounts<Kind> _counts;

    public EdgeRefusals(InterlockWeb web) => (_web, _counts) = (web, new RefusalCounts<Kind>(web, MostKinds, Record));

    public void Count(HttpContext context, Problem refusal)
    {
        if (_web.Options.DefaultTenant.Length == 0) return;
        var kind = new Kind(_web.Time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute, Face(context.Request.Path), AddressOf(context.Connection.RemoteIpAddress), refusal.Stage ?? "http", refusal.Rule ?? "refused");
        _counts.Add(kind, kind with { Face = "any", Rule = "others" });
    }

    /// <summary>Records what was counted.</summary>
    internal Task WriteAsync() => _counts.WriteAsync();

    private static string AddressOf(IPAddress? address)
    {
        if (address is null) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return "loopback";
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal ? "private-v6" : "public-v6";
        return address.GetAddressBytes() is [10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [169, 254, ..] or [100, >= 64 and <= 127, ..] ? "private-v4" : "public-v4";
    }

    private (AuditChain, AuditRecord) Record(Kind kind, long count, string id)
    {
        var at = new DateTimeOffset(kind.Minute * TimeSpan.TicksPerMinute, TimeSpan.Zero);
        var chain = AuditChain.ForPrincipal(new TenantId(_web.Options.DefaultTenant), Subject, at);
        return (chain, RefusalRecord.Of(chain, "edge:" + id, _web.Time.GetUtcNow(), kind.Stage, kind.Rule, null) with
        {
            Actors = [Subject],
            Details = JsonValue.Object(("count", count), ("face", kind.Face), ("addresses", kind.Address), ("minute", RefusalRecord.Minute(at))),
        });
    }

    private static string Face(PathString path) =>
        path.StartsWithSegments("/mcp") ? "mcp" : path.StartsWithSegments("/api") ? "api" : path.StartsWithSegments(TokenFace.Path) ? "token" : path.StartsWithSegments(NotifyTarget.Path) ? "a2a" : "pages";

    private sealed record Kind(long Minute, string Face, string Address, string Stage, string Rule);
}
