using System.Collections.Immutable;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>Which of a registration's addresses a call may go to, and until when it waits for one.</summary>
internal sealed record RouteChoice(string Target, DateTimeOffset Deadline, ImmutableArray<Uri> Avoid)
{
    /// <summary>The one that asked the caller for something, or has the call's task: it alone knows what is meant.</summary>
    public string? Only { get; init; }

    /// <summary>The one where the attempt before ended unknown: another one is tried first.</summary>
    public string? Failed { get; init; }

    public bool Takes(Uri address) => !Avoid.Contains(address) && (Only is null || Only == Shown(address));

    /// <summary>An address as it is recorded: what a query or a user name may hold is nobody's to see.</summary>
    public static string Shown(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>What a call may choose of; <paramref name="row"/> is the attempt that it goes on from, or its own.</summary>
    public static RouteChoice Of(AuthorizedCall authorized, LedgerRow? row) => new(authorized.Call.Target, authorized.Call.Deadline, authorized.Routed.Contract.Avoid)
    {
        Only = row?.Handle?.At is { } at ? Shown(at) : row?.Asked is null ? null : row.Address,
        Failed = row?.State == LedgerState.Unknown ? row.Address : null,
    };
}
