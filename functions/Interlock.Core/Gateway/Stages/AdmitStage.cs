using Interlock.Core.Audit;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Runs;

namespace Interlock.Core.Gateway.Stages;

/// <summary>Admit: a call past its deadline or over a rate is refused, and each run or principal has at most 16 calls under way; more wait here, before the fence, as a run's calls over a rate do.</summary>
internal sealed class AdmitStage(RateLimiter limits, QuotaLimiter quotas, TimeProvider time)
{
    public const string Name = "admit";

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Slots> _slots = new(StringComparer.Ordinal);

    public Refusal? Refuse(GatewayCall call) => call.Deadline <= time.GetUtcNow()
        ? new Refusal(Name, "deadline", 408, "The call's deadline has passed before it could be made.")
        : null;

    /// <summary>
    /// Counts the call against the rates, and when it is first made against quotas and budgets. A client is refused and told when to come again; a run's call waits for its
    /// turn as long as its deadline lets it: a busy moment is no reason for a run to fail. For a quota nobody waits.
    /// </summary>
    public async Task<Refusal?> LimitAsync(RoutedCall routed, bool isFirst, CancellationToken cancellationToken)
    {
        var call = routed.Call;
        while (await limits.RefuseAsync(routed, cancellationToken) is var (refusal, wait))
        {
            if (call.HasClient || time.GetUtcNow() + wait >= call.Deadline) return refusal;
            await Task.Delay(wait > ShortestWait ? wait : ShortestWait, time, cancellationToken);
        }
        return isFirst ? await quotas.RefuseAsync(routed, cancellationToken) : null;
    }

    /// <summary>Whose slots a call takes: an agent's of its own, for the agent's call holds one of the run's while it waits for them.</summary>
    public static string CallerOf(AuditChain chain, GatewayCall call) => call.Site?.Under is { } under ? $"{chain.Id}:{under.Effect}" : chain.Id;

    /// <summary>Takes one of the caller's slots; disposing gives it back.</summary>
    public async Task<IDisposable> EnterAsync(string caller, CancellationToken cancellationToken)
    {
        Slots slots;
        lock (_lock)
        {
            if (!_slots.TryGetValue(caller, out slots!)) _slots[caller] = slots = new Slots();
            slots.Users++;
        }
        try
        {
            await slots.Free.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(caller, slots, held: false);
            throw;
        }
        return new Slot(() => Leave(caller, slots, held: true));
    }

    private void Leave(string caller, Slots slots, bool held)
    {
        if (held) slots.Free.Release();
        lock (_lock)
        {
            if (--slots.Users > 0) return;
            _slots.Remove(caller);
            slots.Free.Dispose();
        }
    }

    private sealed class Slots
    {
        public SemaphoreSlim Free { get; } = new(RunLimits.ConcurrentCalls);
        public int Users { get; set; }
    }

    private sealed class Slot(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
