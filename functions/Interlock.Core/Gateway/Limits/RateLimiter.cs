using Interlock.Core.Gateway.Stages;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// The limits on calls, each a row of table <c>limits</c> in a partition of its own. A call takes a token of its principal's and of its tenant's; one that gets only
/// the first gives it back. Compensations take none: what was admitted may always be undone.
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
    private readonly Dictionary<RowKey, LeasedBucket> _buckets = [];

    /// <exception cref="ArgumentException">A limit is outside its range.</exception>
    public RateLimiter(ITableStore store, GatewayLimits limits, TimeProvider time, Func<double> jitter)
    {
        limits.Validate();
        (_store, _limits, _time, _jitter) = (store, limits, time, jitter);
    }

    /// <summary>Null when the call took its tokens; else the refusal, and how long there will be none.</summary>
    public async Task<(Refusal Refusal, TimeSpan Wait)?> RefuseAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        if (call.IsCompensation) return null;
        var (tenant, principal) = (call.Tenant.Value, call.Chain.Starter.Subject);
        var own = _limits.PerPrincipal is { } perPrincipal ? Bucket(Keys.Join(tenant, $"principal:{principal}"), perPrincipal) : null;
        var taken = own is null ? null : await own.TakeAsync(cancellationToken);
        if (taken is LimitResult.Empty spent) return Refuse($"'{principal}' makes more calls than it may", spent.Wait);
        if (_limits.PerTenant is not { } perTenant || await Bucket(Keys.Join(tenant, "tenant"), perTenant).TakeAsync(cancellationToken) is not LimitResult.Empty all) return null;
        if (taken is LimitResult.Taken token) own!.GiveBack(token); // there is a token, so there is a bucket
        return Refuse("The tenant makes more calls than it may", all.Wait);
    }

    private static (Refusal, TimeSpan) Refuse(string what, TimeSpan wait) =>
        (new(AdmitStage.Name, Rule, 429, $"{what}; retry after {Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds))} s."), wait);

    private LeasedBucket Bucket(string partition, RateLimit limit)
    {
        var key = new RowKey(partition, Row);
        lock (_lock)
        {
            if (_buckets.TryGetValue(key, out var known)) return known;
            if (_buckets.Count >= MaxBuckets) Forget();
            var bucket = new LeasedBucket(_store, key, limit, _time, _jitter);
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
