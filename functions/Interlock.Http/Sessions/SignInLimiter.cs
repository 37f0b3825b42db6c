namespace Interlock.Http.Sessions;

/// <summary>
/// Counts sign-in attempts in windows of five minutes, in this process: by address, and fifty times as many by user. An address that has had too
/// many no longer counts for anybody else, so that nobody can lock a person out from one place.
/// </summary>
internal sealed class SignInLimiter(int limit, TimeProvider time)
{
    private const int MaxKeys = 100_000;
    private const int AddressesPerUser = 50;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _attempts = new(StringComparer.Ordinal);
    private DateTimeOffset _windowEnds;

    /// <summary>Counts one attempt; false when the address, or the user from wherever, has had too many.</summary>
    public bool TryEnter(string address, string user)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now >= _windowEnds || _attempts.Count >= MaxKeys)
            {
                _attempts.Clear();
                _windowEnds = now + Window;
            }
            return Count("address:" + address) <= limit && Count("user:" + user) <= limit * AddressesPerUser;
        }
    }

    private int Count(string key) => _attempts[key] = _attempts.GetValueOrDefault(key) + 1;
}
