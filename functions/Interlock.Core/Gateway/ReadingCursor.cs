using System.Collections.Immutable;
using Interlock.Core.Audit;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>What one chain's run was seen to have read, and how far it was looked at: both records that it is taken from are only ever added to.</summary>
internal sealed class ReadingCursor(AuditChain chain)
{
    private readonly Dictionary<EffectId, string?> _versions = [];
    private View _view = View.Empty;
    private long _records;
    private long _events;
    private bool _isOver;

    private SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>What it has read until now; what is read of a run that is over is not asked for again.</summary>
    public async Task<View> LookAsync(AuditLog audit, IRunLog? log, CancellationToken cancellationToken)
    {
        await Turn.WaitAsync(cancellationToken);
        try
        {
            if (_isOver) return _view;
            await foreach (var entry in audit.ReadAsync(chain.Tenant, chain.Id, _records, cancellationToken))
            {
                _view = Take(_view, entry.Record);
                _records = entry.Seq;
            }
            if (chain.Run is not { } run || log is null) return _view;
            // After the audit: once that has the run's end, its log is whole.
            await foreach (var happened in log.SinceAsync(chain.Tenant, run, _events, cancellationToken))
            {
                _view = Take(_view, happened);
                _events++;
            }
            return _view;
        }
        finally
        {
            Turn.Release();
        }
    }

    private static View Take(View view, RunEvent happened) => happened switch
    {
        RunEvent.RunStarted started => Started(view, started),
        RunEvent.EventArrived arrived => view.With(arrived.Event),
        RunEvent.ChildCompleted child => view with { Family = view.Family.Add(child.Child) },
        _ => view,
    };

    private static View Started(View view, RunEvent.RunStarted started)
    {
        if (started.Origin.Parent is { } parent) view = view with { Family = view.Family.Add(parent) };
        return started.Origin.Trigger == RunTriggers.Event && started.Input.IsArray ? started.Input.Items.Aggregate(view, (one, happened) => one.With(happened)) : view;
    }

    private View Take(View view, AuditRecord record)
    {
        switch (record)
        {
            case { Type: AuditTypes.CallIntent, Effect: { } effect }:
                _versions[effect] = record.ToolVersion ?? record.AgentVersion;
                return view;
            case { Type: AuditTypes.CallOutcome, Effect: { } effect, Target: { } target }:
                _versions.Remove(effect, out var version);
                var reading = Reading.Of(target, version);
                return view with { Read = view.Read.SetItem(reading, view.Read.TryGetValue(reading, out var before) && before != effect ? null : effect) };
            case { Type: AuditTypes.CallRefused, ResultDigest: not null, Target: { } target }: // an earlier answer stood in: whose version it was of, nobody says
                return view with { Read = view.Read.SetItem(Reading.Of(target, null), null) };
            case { Type: AuditTypes.RunState, Outcome: not null }:
                _isOver = true; // calls that it no longer waited for may still end; nobody reads what they bring
                return view;
            default:
                return view;
        }
    }

    /// <param name="Read">What was read, with the effect that read it where it was one alone.</param>
    /// <param name="Family">The run that led to this one, and those that it waited for.</param>
    public sealed record View(ImmutableDictionary<Reading, EffectId?> Read, ImmutableHashSet<RunId> Family)
    {
        public static View Empty { get; } = new(ImmutableDictionary<Reading, EffectId?>.Empty, []);

        public View With(JsonValue happened) => this with { Read = Read.SetItem(Reading.OfEvent(happened["type"]?.StringOrNull() ?? ""), null) };
    }
}
