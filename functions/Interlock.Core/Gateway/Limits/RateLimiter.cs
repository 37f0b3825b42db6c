using Interlock.Core.Gateway.Stages;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// The limits on calls, each a row of table <c>limits</c> in a partition of its own. A call takes a token of its principal's, its tool's, its tenant's and of the one for
/// all; one that doesn't get them all gives back those it got. Compensations take none: what was admitted may always be undone.
/// </summary>
internal sealed class RateLimiter
{
    private const string Rule = "rate-limited";
    private const string Row = "bucket";
    private const int MaxBuckets = 4096;

    private readonly ITableStore _store;
    private readonly GatewayLimits _limits;
    private readonly TimeProvider _time;
    private readonly Func<double> _jitter;
    private readonly Lock _lock = new();
    private readonly Dictionary<(RowKey, RateLimit), LeasedBucket> _buckets = [];

    /// <exception cref="ArgumentException">A limit is outside its range.</exception>
    public RateLimiter(ITableStore store, GatewayLimits limits, TimeProvider time, Func<double> jitter)
    {
        limits.Validate();
        (_store, _limits, _time, _jitter) = (store, limits, time, jitter);
    }

    /// <summary>Null when the call took its tokens; else the refusal, and how long there will be none.</summary>
    public async Task<(Refusal Refusal, TimeSpan Wait)?> RefuseAsync(RoutedCall routed, CancellationToken cancellationToken)
    {
        var call = routed.Call;
        if (call.IsCompensation) return null;
        var (tenant, principal) = (call.Tenant.Value, call.Chain.Starter.Subject);
        var (own, tool) = (new Taker(), routed.Contract.Tool.Rate);
        if (await own.TakeAsync(this, _limits.PerPrincipal, Keys.Join(tenant, $"principal:{principal}"), cancellationToken) is { } spent) return Refuse($"'{principal}' makes more calls than it may", spent);
        if (await own.TakeAsync(this, tool is null ? null : RateLimit.Of(tool), Keys.Join(tenant, $"tool:{routed.Contracted.Name}"), cancellationToken) is { } busy)
            return Refuse($"'{routed.Contracted.Name}' is called more often than it may be", own.GiveBack(busy));
        if (await own.TakeAsync(this, _limits.PerTenant, Keys.Join(tenant, "tenant"), cancellationToken) is { } full) return Refuse("The tenant makes more calls than it may", own.GiveBack(full));
        return await own.TakeAsync(this, _limits.Global, Keys.Join("global"), cancellationToken) is { } wait ? Refuse("Too many calls are made at once", own.GiveBack(wait)) : null;
    }

    private static (Refusal, TimeSpan) Refuse(string what, TimeSpan wait) =>
        (new(AdmitStage.Name, Rule, 429, $"{what}; retry after {Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds))} s."), wait);

    /// <summary>The tokens of one call.</summary>
    private sealed class Taker
    {
        private readonly List<(LeasedBucket Bucket, LimitResult.Taken Token)> _taken = [];

        /// <summary>Null when there was a token, or no limit; else how long there is none.</summary>
        public async Task<TimeSpan?> TakeAsync(RateLimiter limiter, RateLimit? limit, string partition, CancellationToken cancellationToken)
        {
            if (limit is null) return null;
            var bucket = limiter.Bucket(partition, limit);
            switch (await bucket.TakeAsync(cancellationToken))
            {
                case LimitResult.Taken token:
                    _taken.Add((bucket, token));
                    return null;
                case LimitResult.Empty empty:
                    return empty.Wait;
                case var other:
                    throw new InvalidOperationException($"Unexpected {other.GetType().Name}.");
            }
        }

        public TimeSpan GiveBack(TimeSpan wait)
        {
            foreach (var (bucket, token) in _taken) bucket.GiveBack(token);
            return wait;
        }
    }

    private LeasedBucket Bucket(string partition, RateLimit limit)
    {
        var key = (new RowKey(partition, Row), limit);
        lock (_lock)
        {
            if (_buckets.TryGetValue(key, out var known)) return known;
            if (_buckets.Count >= MaxBuckets) Forget();
            var bucket = new LeasedBucket(_store, key.Item1, limit, _time, _jitter);
            _buckets.Add(key, bucket);
            return bucket;
        }
    }

    /// <summary>A dropped bucket that is used all the same is like another instance's.</summary>
    private void Forget()
    {
        foreach (var (key, bucket) in _buckets)
            if (bucket.IsIdle) _buckets.Remove(key);
    }
}
