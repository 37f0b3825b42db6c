using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Bypass;

/// <summary>
/// Remembers what people were seen to approve, and holds every call that reaches the guarded tool against it. It believes no row and no record: only what the desk
/// answered to a person, and the run's own state for which task an effect is.
/// </summary>
internal sealed class Witness(Works works)
{
    private readonly Dictionary<GateId, Gate> _approved = [];
    private readonly List<(GateId Gate, string Shown, Principal By)> _votes = [];
    private readonly ConcurrentDictionary<(RunId Run, FrameId Frame), int> _uses = new();
    private readonly HashSet<RunId> _runs = [];

    /// <summary>Which calls had no right to arrive.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public int Granted => _uses.Count;

    public void Runs(RunId run) => _runs.Add(run);

    /// <summary>A person's approval that the desk took.</summary>
    public void Saw(Principal person, string shown, Gate after)
    {
        _votes.Add((after.Id, shown, person));
        if (after.Outcome == GateOutcome.Approved) _approved.TryAdd(after.Id, after);
    }

    /// <summary>What a call to the guarded tool must have.</summary>
    public async Task ArrivedAsync(UpstreamCall call)
    {
        if (call.Tool != Works.Guarded) return;
        if (await FindAsync(call.IdempotencyKey) is not var (run, command))
        {
            Violations.Enqueue($"No run waits for the effect {call.IdempotencyKey}.");
            return;
        }
        if (_uses.AddOrUpdate((run.Id, command.Frame), 1, (_, uses) => uses + 1) > 1) Violations.Enqueue($"{run.Id} {command.Frame} was called again.");
        if (!_approved.Values.Any(gate => Grants(gate, run, command, StrictJson.Parse(call.Arguments.Span)))) Violations.Enqueue($"{run.Id} {command.Frame}: nobody approved {command.Target} {StrictJson.Parse(call.Arguments.Span)}.");
    }

    private bool Grants(Gate gate, RunState run, Command.Call command, JsonValue arguments) =>
        gate.Run == run.Id
        && gate.Calls.Any(bound => bound.Frame == command.Frame && bound.Target.Name == command.Target && CanonicalJson.Digest(bound.Arguments) == CanonicalJson.Digest(arguments))
        && Voters(gate, run) >= gate.Request.Quorum;

    /// <summary>How many humans approved just what the gate ended with: each once, none the starter, each in the group that policy names.</summary>
    private int Voters(Gate gate, RunState run) => _votes
        .Where(vote => vote.Gate == gate.Id && vote.By.Kind == PrincipalKind.User && vote.By.Groups.Contains("sre") && vote.By.Human != run.Origin.Starter.Human)
        .Where(vote => vote.Shown == gate.ShownDigest || gate.Edited.Length > 0)
        .Select(vote => vote.By.Human).Distinct(StringComparer.Ordinal).Count();

    private async Task<(RunState, Command.Call)?> FindAsync(string effect)
    {
        foreach (var id in _runs)
        {
            var state = await works.StateAsync(id);
            var calls = state.Pending.Values.OfType<Command.Call>().Concat(state.Abandoned.Values.Select(abandoned => abandoned.Call));
            if (calls.FirstOrDefault(call => call.Id.Value == effect) is { } call) return (state, call);
        }
        return null;
    }
}
