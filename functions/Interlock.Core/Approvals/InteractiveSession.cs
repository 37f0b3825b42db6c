using Interlock.Core.Identity;

namespace Interlock.Core.Approvals;

/// <summary>
/// A person at a browser, signed in interactively. Made only by the session layer of the pages from its own protected cookie after the
/// antiforgery check: no token of <c>/mcp</c>, <c>/api</c> or a run becomes one.
/// </summary>
public sealed record InteractiveSession(Principal Person, DateTimeOffset SignedInAt);
