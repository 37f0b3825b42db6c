namespace Interlock.Http.Hosting;

/// <summary>Counts attempts by key in windows of fixed length, in this process. Past a bound on their number all keys begin anew.</summary>
internal sealed class AttemptLimiter(TimeSpan window, TimeProvider time)
{
    private const int MaxKeys = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _attempts = new(StringComparer.Ordinal);
    private DateTimeOffset _windowEnds;

    /// <summary>Counts one attempt under each key in order; false at the first one that has had too many, and those after it are not counted.</summary>
    public bool TryEnter(params ReadOnlySpan<(string Key, int Most)> keys)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now >= _windowEnds || _attempts.Count >= MaxKeys)
            {
                _attempts.Clear();
                _windowEnds = now + window;
            }
            foreach (var (key, most) in keys)
                if ((_attempts[key] = _attempts.GetValueOrDefault(key) + 1) > most) return false;
            return true;
        }
    }
}
