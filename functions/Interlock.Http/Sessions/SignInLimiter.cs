namespace Interlock.Http.Sessions;

/// <summary>Counts sign-in attempts by key in windows of five minutes, in this process. When too many keys are kept, everybody waits for the next window.</summary>
internal sealed class SignInLimiter(int limit, TimeProvider time)
{
    private const int MaxKeys = 100_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _attempts = new(StringComparer.Ordinal);
    private DateTimeOffset _windowEnds;

    /// <summary>Counts one attempt under every key; false when one of them has had too many.</summary>
    public bool TryEnter(params ReadOnlySpan<string> keys)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now >= _windowEnds)
            {
                _attempts.Clear();
                _windowEnds = now + Window;
            }
            var allowed = true;
            foreach (var key in keys)
            {
                if (_attempts.Count >= MaxKeys && !_attempts.ContainsKey(key)) return false;
                var count = _attempts.GetValueOrDefault(key) + 1;
                _attempts[key] = count;
                allowed &= count <= limit;
            }
            return allowed;
        }
    }
}
