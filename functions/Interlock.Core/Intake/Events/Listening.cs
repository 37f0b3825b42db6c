using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// Runs that wait for events. A listener is durable before it is told of what came until then, so of any event either whoever takes it finds the listener, or the
/// listener finds it. A suspended run is told nothing: it gets what came meanwhile when it goes on.
/// </summary>
public sealed class Listening
{
    private readonly EventStore _events;
    private readonly ListenerRows _rows;
    private readonly IRunHost _runs;
    private readonly TimeProvider _time;
    private readonly TimeSpan _clocks;

    internal Listening(EventStore events, ITableStore store, IRunHost runs, TimeProvider time, TimeSpan clocks) =>
        (_events, _rows, _runs, _time, _clocks) = (events, new ListenerRows(store), runs, time, clocks);

    /// <summary>Begins to listen, and tells the run what came before; whether there was anything. Once that is done, asking again costs one read.</summary>
    public async Task<bool> ListenAsync(RunState run, Command.AwaitEvent wanted, CancellationToken cancellationToken = default)
    {
        for (var told = false; ;)
        {
            if (await _rows.FindAsync(run.Tenant, run.Id, wanted.Id, cancellationToken) is not var (listener, row))
            {
                await _rows.AddAsync(run.Tenant, new Listener(run.Id, wanted.Id, wanted.Types, wanted.Since, wanted.Since, false), cancellationToken);
                continue;
            }
            if (listener.IsReady) return told;
            await _rows.AddAsync(run.Tenant, listener, cancellationToken); // the rows of its types may be missing
            await foreach (var received in _events.SinceAsync(run.Tenant, listener.From - _clocks, cancellationToken))
            {
                if (wanted.Types is not [] && !wanted.Types.Any(type => type == TypeOf(received))) continue;
                if (!await SignalAsync(run.Tenant, run.Id, wanted.Id, received, cancellationToken)) return told;
                told = true;
            }
            await _rows.ReplaceAsync(row, listener with { IsReady = true }, cancellationToken); // lost: more came that it was not told, so once more
        }
    }

    /// <summary>Ends the listening of a command that its run no longer waits for.</summary>
    public Task EndAsync(TenantId tenant, RunId run, EffectId effect, CancellationToken cancellationToken = default) => _rows.RemoveAsync(tenant, run, effect, cancellationToken);

    /// <summary>Removes listeners whose runs no longer listen; how many. Those that an event meets are removed then.</summary>
    public async Task<int> SweepAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var removed = 0;
        await foreach (var listener in _rows.AllAsync(tenant, cancellationToken))
        {
            if (await _runs.GetAsync(tenant, listener.Run, cancellationToken) is { } run && Listens(run, listener.Effect)) continue;
            await EndAsync(tenant, listener.Run, listener.Effect, cancellationToken);
            removed++;
        }
        return removed;
    }

    /// <summary>Tells those who want events of a type (null: of any) after the one told last, at most so many; the last one told, or null when there are no more.</summary>
    internal async Task<string?> TellAsync(ReceivedEvent received, string? type, string? after, int most, CancellationToken cancellationToken)
    {
        var tenant = received.Publisher.Tenant;
        var arrived = Keys.Time(received.ArrivedAt + _clocks);
        var found = await _rows.OfAsync(tenant, type, after, cancellationToken).Take(most).ToListAsync(cancellationToken);
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(found.Where(one => string.CompareOrdinal(one.Since, arrived) <= 0), options, async (one, stopping) => await TellAsync(tenant, one.Run, one.Effect, received, stopping));
        return found.Count < most ? null : found[^1].Row;
    }

    private async Task TellAsync(TenantId tenant, RunId run, EffectId effect, ReceivedEvent received, CancellationToken cancellationToken)
    {
        if (await SignalAsync(tenant, run, effect, received, cancellationToken)) return;
        while (await _runs.GetAsync(tenant, run, cancellationToken) is { } state && Listens(state, effect))
        {
            // It is suspended, or its host has not taken it up: it is told when it is asked to listen again.
            if (await _rows.FindAsync(tenant, run, effect, cancellationToken) is not var (listener, row)) return;
            var from = listener.IsReady || received.ArrivedAt < listener.From ? received.ArrivedAt : listener.From;
            if (!await _rows.ReplaceAsync(row, listener with { IsReady = false, From = from }, cancellationToken)) continue;
            await SignalAsync(tenant, run, effect, received, cancellationToken); // it may have gone on before it was marked
            return;
        }
        await EndAsync(tenant, run, effect, cancellationToken);
    }

    private Task<bool> SignalAsync(TenantId tenant, RunId run, EffectId effect, ReceivedEvent received, CancellationToken cancellationToken) =>
        _runs.SignalAsync(tenant, run, new RunEvent.EventArrived(_time.GetUtcNow(), effect, received.Event), state => !state.Suspended && Listens(state, effect), cancellationToken);

    private static bool Listens(RunState run, EffectId effect) => !run.Status.IsClosed() && run.Pending.GetValueOrDefault(effect) is Command.AwaitEvent;

    private static string? TypeOf(ReceivedEvent received) => received.Event["type"]?.StringOrNull();
}
