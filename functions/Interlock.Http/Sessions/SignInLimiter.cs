using Interlock.Http.Hosting;

namespace Interlock.Http.Sessions;

/// <summary>
/// Counts sign-in attempts in windows of five minutes, in this process: by address, and fifty times as many by user. An address that has had too
/// many no longer counts for anybody else, so that nobody can lock a person out from one place.
/// </summary>
internal sealed class SignInLimiter(int limit, TimeProvider time)
{
    private const int AddressesPerUser = 50;

    private readonly AttemptLimiter _attempts = new(TimeSpan.FromMinutes(5), time);

    /// <summary>Counts one attempt; false when the address, or the user from wherever, has had too many.</summary>
    public bool TryEnter(string address, string user) => _attempts.TryEnter(("address:" + address, limit), ("user:" + user, limit * AddressesPerUser));
}
