using System.Collections.Immutable;
using Interlock.Core.Telemetry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>Which of a registration's addresses a call may go to, and until when it waits for one; its server is named as metrics name it.</summary>
internal sealed record RouteChoice(string Target, string Server, DateTimeOffset Deadline, ImmutableArray<Uri> Avoid)
{
    /// <summary>The one that asked the caller for something, or has the call's task: it alone knows what is meant.</summary>
    public string? Only { get; init; }

    /// <summary>The one where the attempt before ended unknown: another one is tried first.</summary>
    public string? Failed { get; init; }

    public bool Takes(Uri address) => !Avoid.Contains(address) && (Only is null || Only == Key(address));

    /// <summary>What tells an address from all others, with its query: of two that differ in nothing else each has customers of its own.</summary>
    public static string Key(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.PathAndQuery, UriFormat.UriEscaped);

    /// <summary>What a call may choose of; <paramref name="row"/> is the attempt that it goes on from, or its own.</summary>
    public static RouteChoice Of(AuthorizedCall authorized, LedgerRow? row) => new(authorized.Call.Target, GatewayMetrics.Server(authorized.Routed.Entry), authorized.Call.Deadline, authorized.Routed.Contract.Avoid)
    {
        Only = row?.Handle?.At is { } at ? Key(at) : row?.Asked is null ? null : row.Route ?? row.Address,
        Failed = row?.State == LedgerState.Unknown ? row.Route ?? row.Address : null,
    };
}
