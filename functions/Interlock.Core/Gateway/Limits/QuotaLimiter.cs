using System.Collections.Concurrent;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// Counts a call against the quotas and budgets of its tenant, all or none. Compensations are not counted: what was admitted may always be undone. A call that a later
/// stage refuses stays counted.
/// </summary>
internal sealed class QuotaLimiter(ITableStore store, TimeProvider time, Func<double> jitter)
{
    private const int MaxSets = 256;
    private const int MaxCounters = 65_536;

    private readonly ConcurrentDictionary<string, QuotaSet> _sets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<RowKey, (QuotaCounter Counter, DateTimeOffset? End)> _counters = new();

    /// <summary>Null when the call was counted; else the refusal, which says when the window ends.</summary>
    public async Task<Refusal?> RefuseAsync(RoutedCall routed, CancellationToken cancellationToken)
    {
        if (routed.Call.IsCompensation || Of(routed.Registry) is not { } quotas) return null;
        var now = time.GetUtcNow();
        var taken = new List<(QuotaCounter Counter, long Amount)>();
        foreach (var claim in quotas.Claims(routed, now))
        {
            var (counter, isKept) = Counter(routed.Call.Tenant, claim, now);
            if (await counter.TakeAsync(claim.Amount, claim.Limit, isExact: !isKept || claim.Span == QuotaSpan.Run, cancellationToken))
            {
                taken.Add((counter, claim.Amount));
                continue;
            }
            foreach (var (other, amount) in taken) other.GiveBack(amount);
            return Refuse(claim, now);
        }
        return null;
    }

    private static Refusal Refuse(QuotaClaim claim, DateTimeOffset now)
    {
        var rule = claim.IsCost ? "budget-exceeded" : "quota-exceeded";
        var what = claim.IsCost ? "budget" : "number of calls";
        return claim.Window.End is { } end
            ? new Refusal(AdmitStage.Name, rule, 429, $"The {what} of rule '{claim.Rule}' for this {claim.Span.ToString().ToLowerInvariant()} is used up; retry after {Math.Max(1, (long)Math.Ceiling((end - now).TotalSeconds))} s.")
            : new Refusal(AdmitStage.Name, rule, 429, $"The {what} of one run is used up.");
    }

    private QuotaSet? Of(RegistrySnapshot registry)
    {
        if (registry.Newest(RegistryKind.Policy, QuotaSet.EntryName) is not { } entry) return null;
        if (_sets.Count > MaxSets) _sets.Clear();
        return _sets.GetOrAdd(entry.Digest, static (_, body) => QuotaSet.Parse(body.Text) switch
        {
            ({ } quotas, _) => quotas,
            var (_, error) => throw new InvalidOperationException($"The registered quotas do not parse: {error}"),
        }, entry.As<PolicyBody>());
    }

    /// <summary>The row's counter, and whether it is there for the next call too: past a bound on their number one counts without leasing ahead.</summary>
    private (QuotaCounter Counter, bool IsKept) Counter(TenantId tenant, QuotaClaim claim, DateTimeOffset now)
    {
        var key = new RowKey(Keys.Join(tenant.Value, claim.Scope), $"{claim.Window.Name}-{(claim.IsCost ? "cost" : "calls")}");
        if (_counters.TryGetValue(key, out var known)) return (known.Counter, true);
        var counter = new QuotaCounter(store, key, jitter, time);
        if (_counters.Count >= MaxCounters)
            foreach (var (old, (_, end)) in _counters)
                if (end <= now) _counters.TryRemove(old, out _);
        return _counters.Count >= MaxCounters ? (counter, false) : (_counters.GetOrAdd(key, (counter, claim.Window.End)).Counter, true);
    }
}
