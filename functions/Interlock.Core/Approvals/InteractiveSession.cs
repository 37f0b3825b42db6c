using Interlock.Core.Identity;

namespace Interlock.Core.Approvals;

/// <summary>
/// A person at a browser, signed in interactively. Made only by the session layer of the pages from its own protected cookie after the
/// antiforgery check: no token of <c>/mcp</c>, <c>/api</c> or a run becomes one.
/// </summary>
public sealed record InteractiveSession(Principal Person, DateTimeOffset SignedInAt)
{
    /// <summary>What people decide needs a sign-in that is no older.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromHours(1);

    /// <summary>Why nothing can be decided in this session now, or null.</summary>
    internal GateResult.Refused? Refuse(DateTimeOffset now)
    {
        if (Person.Kind != PrincipalKind.User) return new("interactive-session-required", 403, "Only people decide; applications and agents do not.");
        return now - SignedInAt > Recent ? new("interactive-session-required", 401, "Your sign-in is older than an hour; sign in again to decide.") : null;
    }
}
