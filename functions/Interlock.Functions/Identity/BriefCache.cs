using System.Collections.Concurrent;

namespace Interlock.Functions.Identity;

/// <summary>What was read, for a short time, and no more than so many of it. The time counts from before the reading; failures are not kept.</summary>
internal sealed class BriefCache<TValue>(TimeSpan life, int capacity, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (TValue Value, DateTimeOffset Until)> _kept = new(StringComparer.Ordinal);

    public async ValueTask<TValue> GetAsync(string key, Func<string, CancellationToken, Task<TValue>> read, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_kept.TryGetValue(key, out var kept) && now < kept.Until) return kept.Value;
        var value = await read(key, cancellationToken);
        if (_kept.Count >= capacity) _kept.Clear();
        _kept[key] = (value, now + life);
        return value;
    }
}
