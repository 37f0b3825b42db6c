using Interlock.Core.Approvals;
using Interlock.Core.Identity;

namespace Interlock.Http.Sessions;

/// <summary>
/// A signed-in browser as its cookie says, with the person as the directory knows them now. The person proved who they are at
/// <paramref name="SignedInAt"/>, which may be long before the session began.
/// </summary>
internal sealed record Session(Principal Person, DateTimeOffset SignedInAt, DateTimeOffset BegunAt, string Id, string Secret)
{
    /// <summary>What decisions ask for. The caller has checked the form's origin and antiforgery token.</summary>
    public InteractiveSession Interactive => new(Person, SignedInAt);
}
