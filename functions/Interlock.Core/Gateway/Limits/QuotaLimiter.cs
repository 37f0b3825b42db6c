using System.Collections.Concurrent;
using Interlock.Core.Agents;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// Counts a call against the quotas and budgets of its tenant and its tool's bound for one run, all or none. Compensations are not counted: what was admitted may always be undone. A call that a later
/// stage refuses stays counted.
/// </summary>
internal sealed class QuotaLimiter(ITableStore store, TimeProvider time, Func<double> jitter)
{
    private const int MaxSets = 256;
    private const int MaxCounters = 65_536;

    /// <summary>How long a row is kept after its window: no clock that counts in it is so late.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private readonly Expiries _expiries = new(store);
    private readonly ConcurrentDictionary<string, QuotaSet> _sets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<RowKey, (QuotaCounter Counter, DateTimeOffset? End)> _counters = new();

    /// <summary>Null when the call was counted; else the refusal, which says when the window ends.</summary>
    public async Task<Refusal?> RefuseAsync(RoutedCall routed, CancellationToken cancellationToken)
    {
        if (routed.Call.IsCompensation) return null;
        var now = time.GetUtcNow();
        var quotas = Of(routed.Registry);
        foreach (var budget in quotas?.Charges(routed, default, now) ?? [])
            if (await Counter(routed.Call, budget, now).Counter.IsUsedUpAsync(budget.Limit, cancellationToken)) return Refuse(budget, now);
        var taken = new List<(QuotaCounter Counter, long Amount)>();
        foreach (var claim in (quotas?.Claims(routed, now) ?? []).Concat(OfTool(routed, now)).Concat(OfAgent(routed, now)))
        {
            var (counter, isKept) = Counter(routed.Call, claim, now);
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

    /// <summary>What counts a turn's tokens and their cost, each to be done once; a budget is passed by what was under way when it was reached.</summary>
    public IEnumerable<Func<Task>> Charges(RoutedCall routed, TokenCount tokens)
    {
        var now = time.GetUtcNow();
        return (Of(routed.Registry)?.Charges(routed, tokens, now) ?? []).Select<QuotaClaim, Func<Task>>(charge => () => Counter(routed.Call, charge, now).Counter.ChargeAsync(charge.Amount, CancellationToken.None));
    }

    /// <summary>How often one run may call the tool, as its operator says.</summary>
    private static IEnumerable<QuotaClaim> OfTool(RoutedCall routed, DateTimeOffset now)
    {
        if (routed is { Contract.Tool.MaxCalls: { } most, Call.Site: { } site })
            yield return new QuotaClaim("", $"run:{site.Run}:tool:{routed.Contracted.Name}", QuotaSpan.Run, QuotaWindow.Of(QuotaSpan.Run, now), 1, most, QuotaUnit.Calls) { Tool = routed.Contracted.Name };
    }

    /// <summary>What the agent that calls back may still do under its call: calls, the same call again, and what they cost.</summary>
    private static IEnumerable<QuotaClaim> OfAgent(RoutedCall routed, DateTimeOffset now)
    {
        if (routed.Call.Site is not { Under: { } under } site) yield break;
        var registered = under.Version is null ? null : routed.Registry.Find(RegistryKind.Agent, under.Agent, under.Version);
        var (limits, scope, window) = (registered?.As<AgentBody>().Settings.Limits ?? AgentLimits.Default, $"run:{site.Run}:agent:{under.Frame}", QuotaWindow.Of(QuotaSpan.Run, now));
        yield return Claim(scope, 1, limits.Calls);
        yield return Claim($"{scope}:{CanonicalJson.Digest(JsonValue.Array(routed.Call.Target, routed.Call.Arguments))}", 1, limits.Repeats);
        if (limits.Cost is { } most && QuotaSet.CostOf(routed.Contract.Tool) is > 0 and var cost) yield return Claim(scope, cost, most) with { Unit = QuotaUnit.Cost };

        QuotaClaim Claim(string of, long amount, long limit) => new("", of, QuotaSpan.Run, window, amount, limit, QuotaUnit.Calls) { Agent = under.Agent };
    }

    private static Refusal Refuse(QuotaClaim claim, DateTimeOffset now)
    {
        if (claim.Tool is { } tool) return new Refusal(AdmitStage.Name, "max-calls", 429, $"One run calls '{tool}' at most {claim.Limit} times, and this one has; start another run for more.");
        if (claim.Agent is { } agent)
            return new Refusal(AdmitStage.Name, "limit", 429, $"The agent '{agent}' has used up what it may {(claim.Unit == QuotaUnit.Cost ? "spend" : "call")} for this task ({claim.Limit}); finish with what there is.");
        var (rule, what) = claim.Unit switch
        {
            QuotaUnit.Calls => ("quota-exceeded", "number of calls"),
            QuotaUnit.Cost => ("budget-exceeded", "budget"),
            _ => ("budget-exceeded", "budget of tokens"),
        };
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
    private (QuotaCounter Counter, bool IsKept) Counter(GatewayCall call, QuotaClaim claim, DateTimeOffset now)
    {
        var key = new RowKey(Keys.Join(call.Tenant.Value, claim.Scope), $"{claim.Window.Name}-{claim.Unit.ToString().ToLowerInvariant()}");
        if (_counters.TryGetValue(key, out var known)) return (known.Counter, true);
        var counter = new QuotaCounter(store, key, stop => _expiries.NoteAsync(call.Tenant, Expiry(call, claim, key, now), stop), jitter, time);
        if (_counters.Count >= MaxCounters)
            foreach (var (old, (_, end)) in _counters)
                if (end <= now) _counters.TryRemove(old, out _);
        return _counters.Count >= MaxCounters ? (counter, false) : (_counters.GetOrAdd(key, (counter, claim.Window.End)).Counter, true);
    }

    /// <summary>A run's is needed while the run is; it is looked at first when most have ended.</summary>
    private static Expiry Expiry(GatewayCall call, QuotaClaim claim, RowKey key, DateTimeOffset now) =>
        new(QuotaCounter.Table, key, (claim.Window.End ?? now) + Kept) { Run = claim.Span == QuotaSpan.Run ? call.Site?.Run : null };
}
