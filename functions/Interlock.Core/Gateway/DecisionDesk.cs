using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>
/// What people do to open gates: each is one compare-and-set on the row, by the person's groups, the registry and the policy as they are at that moment. If what
/// the calls would reach or send is no longer what was shown, the votes so far are void and nobody decides before looking again.
/// </summary>
internal sealed class DecisionDesk(ApprovalParts parts, DelegationStore delegations, GateBinder binder, GateJournal journal)
{
    private const int MaxReason = 2000;
    private const int Retries = 32;

    private readonly GateStore _gates = parts.Gates;
    private readonly IDirectory _directory = parts.Directory;
    private readonly TimeProvider _time = parts.Time;

    public Task<GateResult> DecideAsync(InteractiveSession session, GateId id, Decision decision, CancellationToken cancellationToken) => ChangeAsync(session, id, async (gate, now) =>
    {
        if (decision.ShownDigest != gate.ShownDigest) return Step.No("intent-mismatch", 409, "What you were shown is not what the gate now asks; look at it again.");
        var (seat, none) = await SeatAsync(gate, session.Person, cancellationToken);
        if (seat is null) return new Step(null, none);
        if (DecisionForm.Refuse(gate, decision) is { } unfit) return new Step(null, unfit);
        return decision switch
        {
            Decision.Reject => new Step(Vote(gate, session.Person, seat, decision, now) with { Outcome = GateOutcome.Rejected, ClosedAt = now }, null),
            Decision.Return back => new Step(Vote(gate, session.Person, seat, decision, now) with { Outcome = GateOutcome.Returned, ClosedAt = now, Information = back.Information }, null),
            _ => await ApproveAsync(gate, session.Person, seat, decision, now, cancellationToken),
        };
    }, cancellationToken);

    public Task<GateResult> DelegateAsync(InteractiveSession session, GateId id, string to, DateTimeOffset until, string? reason, CancellationToken cancellationToken) => ChangeAsync(session, id, async (gate, now) =>
    {
        var person = session.Person;
        var (seat, none) = await SeatAsync(gate, person, cancellationToken);
        if (seat is null) return new Step(null, none);
        if (seat.For is { } from) return Step.No("delegation-depth", 403, $"You decide in the place of {from}; what was delegated to you does not go on.");
        if (await DelegationRules.RefuseAsync(_directory, delegations, gate.Delegations, person, to, now, cancellationToken) is { } refused) return new Step(null, refused);
        if (until <= now) return Step.No("delegation-time", 400, "A delegation ends in the future.");
        var delegation = new Delegation($"{gate.Id}-{gate.Changes.Length}", person.Subject, "user:" + to, now, until < gate.Request.ExpiresAt ? until : gate.Request.ExpiresAt, Bounded(reason));
        var details = JsonValue.Object(("to", delegation.To), ("until", delegation.Until.ToString("O")));
        return new Step(Changed(gate, GateChangeKind.Delegated, person.Subject, now, reason, details) with { Delegations = gate.Delegations.Add(delegation) }, null);
    }, cancellationToken);

    public Task<GateResult> ReassignAsync(
        InteractiveSession session, GateId id, int requirement, ImmutableArray<Approver> approvers, string? reason, CancellationToken cancellationToken) => ChangeAsync(session, id, async (gate, now) =>
    {
        var person = session.Person;
        if (await _directory.FindUserAsync(gate.Tenant, person.Id, cancellationToken) is not { } known || !known.Roles.Any(role => role is "operator" or "admin"))
            return Step.No("role-required", 403, "To name other approvers needs the role operator or admin.");
        if (string.IsNullOrWhiteSpace(reason)) return Step.No("reason-required", 400, "Say why others are to decide.");
        if (gate.StandingVotes.Any(vote => vote.By == person.Subject)) return Step.No("same-person", 409, "You have decided on this gate; somebody else must name other approvers.");
        if (requirement < 0 || requirement >= gate.Request.Requirements.Length || approvers.IsEmpty) return Step.No("invalid-decision", 400, "Name one of the gate's requirements and at least one approver.");
        if (await new KnownApprovers(_directory).FirstUnknownAsync(gate.Tenant, approvers.OrderBy(approver => approver.Kind), cancellationToken) is { } unknown)
        {
            var kind = unknown.Kind == ApproverKind.User ? "user" : "group";
            return Step.No($"unknown-{kind}", 400, $"There is no {kind} '{Excerpt.Of(unknown.Id, 80)}' in this tenant.");
        }
        var request = requirement == 0
            ? gate.Request with { Approvers = approvers }
            : gate.Request with { Also = gate.Request.Also.SetItem(requirement - 1, gate.Request.Also[requirement - 1] with { Approvers = approvers }) };
        foreach (var call in gate.Calls.Where(call => !call.Floor.IsEmpty))
            if (new ApprovalFloor(call.Floor).IsMetBy(new GateTerms(request.Requirements)).Reason is { } weaker) return Step.No(ApprovalFloor.Rule, 403, weaker);
        var details = JsonValue.Object(("requirement", requirement), ("approvers", JsonValue.Array(approvers.Select(approver => JsonValue.From(approver.ToString())))));
        return new Step(Changed(gate with { Request = request }, GateChangeKind.Reassigned, person.Subject, now, reason, details), null);
    }, cancellationToken);

    /// <summary>An approval of the calls as they are bound now, or as they are edited; the last one needed closes the gate.</summary>
    private async Task<Step> ApproveAsync(Gate gate, Principal person, Seat.Given seat, Decision decision, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await BindAsync(gate, gate.Request, now, cancellationToken) is var current && current.Refusal is { } gone) return Step.No(gone);
        if (GateChanges.Drift(gate, current.Value!.Calls) is { } drift) // no refusal, so there is a value
            return new Step(
                Changed(gate with { Calls = current.Value.Calls, Revision = gate.Revision + 1 }, GateChangeKind.Drifted, GateRecords.System, now, null, drift),
                new GateResult.Refused("intent-mismatch", 409, "What the calls would reach or send has changed since the gate opened. Votes so far are void; look at it again."));
        if (decision is Decision.Edit edit)
        {
            var edited = await EditAsync(gate, edit, person, now, cancellationToken);
            if (edited.Next is null) return edited;
            gate = edited.Next;
        }
        var next = Vote(gate, person, seat, decision, now);
        var choice = Choice(gate, decision);
        if (await Electorate(next).IsMetAsync(choice, cancellationToken)) next = next with { Outcome = GateOutcome.Approved, ClosedAt = now, Choice = choice };
        return new Step(next, null);
    }

    /// <summary>The gate with other arguments: computed anew, bound and authorized anew; what was voted on before no longer stands.</summary>
    private async Task<Step> EditAsync(Gate gate, Decision.Edit edit, Principal person, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (parts.Edits is not { } edits) return Step.No("edit-not-possible", 409, "Arguments can't be changed here.");
        if (await edits.RecomputeAsync(gate, edit.Calls, cancellationToken) is var covers && covers.Refusal is { } impossible) return Step.No(impossible);
        var request = gate.Request with { Covers = covers.Value!.Calls }; // no refusal, so there is a value; the same below
        if (await BindAsync(gate, request, now, cancellationToken) is var bound && bound.Refusal is { } invalid) return Step.No(invalid);
        var changes = GateChanges.Between(gate.Calls, bound.Value!.Calls);
        if (changes.Count == 0) return new Step(gate, null);
        var touched = gate.Edited.Select(one => one.Frame).Concat(changes.Items.Select(change => new FrameId(change["frame"]!.AsString()))).ToHashSet(); // each change has its frame
        var edited = gate with
        {
            Request = request,
            Calls = bound.Value.Calls,
            Revision = gate.Revision + 1,
            Edited = [.. bound.Value.Calls.Where(call => touched.Contains(call.Frame)).Select(call => new EditedCall(call.Frame, call.Arguments))],
        };
        return new Step(Changed(edited, GateChangeKind.Edited, person.Subject, now, edit.Reason, changes), null);
    }

    private async Task<StageResult<BoundCalls>> BindAsync(Gate gate, GateRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (gate.Origin is not { } origin) throw new InvalidOperationException($"Gate {gate.Id} is open without an origin.");
        CallSite? site = gate is { Run: { } run, Workflow: { } workflow } ? new CallSite(run, workflow, request.Task, FrameId.Root) : null;
        var bound = await binder.BindAsync(request, origin, site, await parts.Registries.ReadAsync(gate.Tenant, cancellationToken), now, cancellationToken);
        return bound.Refusal is { } refusal ? refusal : new BoundCalls([.. bound.Value!]); // no refusal, so there is a value
    }

    private async Task<GateResult> ChangeAsync(InteractiveSession session, GateId id, Func<Gate, DateTimeOffset, Task<Step>> change, CancellationToken cancellationToken)
    {
        var person = session.Person;
        for (var i = 0; i < Retries; i++)
        {
            if (await _gates.FindAsync(person.Tenant, id, cancellationToken) is not { } stored) return new GateResult.Refused("unknown-gate", 404, "There is no such gate.");
            if (stored.Gate is not { } gate)
            {
                await journal.FoundUnauthenticAsync(person.Tenant, id, stored.ETag, cancellationToken);
                return new GateResult.Refused("grant-unauthentic", 403, UnauthenticGateException.Advice);
            }
            var now = _time.GetUtcNow();
            var (next, refusal) = Refuse(gate, session, now) is { } no ? new Step(null, no) : Void(gate, now) ?? await change(gate, now);
            if (next is not null && !_gates.Fits(next, next.Outcome is null ? GateStore.RoomToClose : 0)) (next, refusal) = Step.No(GateRecords.TooLarge);
            if (next is null || next.Changes.Length > gate.Changes.Length)
                await journal.RecordAsync(gate, cancellationToken); // whoever wrote the row may have died before its records
            if (next is null) return await journal.RefuseAsync(gate, person, refusal!, cancellationToken); // one of the two is there
            // From here on the change may be durable: a browser that leaves must not keep it from being recorded.
            if (!await _gates.ReplaceAsync(next, stored.ETag, CancellationToken.None)) continue;
            await journal.RecordAsync(next, CancellationToken.None);
            return refusal is null ? new GateResult.Accepted(next) : await journal.RefuseAsync(next, person, refusal, CancellationToken.None);
        }
        return new GateResult.Refused("contention", 409, "Others decide on this gate at the same time; try again.");
    }

    /// <summary>A gate from before the store was restored begins anew: the votes it had may not be all there were.</summary>
    private Step? Void(Gate gate, DateTimeOffset now)
    {
        var since = _gates.Incarnation.Since;
        if (gate.OpenedAt >= since || gate.Changes.Any(change => change.Kind == GateChangeKind.Restored && change.At >= since)) return null;
        return new Step(
            Changed(gate with { Revision = gate.Revision + 1, Delegations = [] }, GateChangeKind.Restored, GateRecords.System, now, null, JsonValue.EmptyArray),
            new GateResult.Refused(Incarnation.Rule, 409, "The store was restored since this gate opened. Votes and delegations so far are void; look at it again."));
    }

    private static GateResult.Refused? Refuse(Gate gate, InteractiveSession session, DateTimeOffset now)
    {
        if (session.Refuse(now) is { } no) return no;
        if (gate.Outcome is { } outcome) return new("gate-closed", 409, $"This gate was {outcome.ToString().ToLowerInvariant()} already.");
        return now >= gate.Request.ExpiresAt ? new("gate-expired", 409, "This gate has expired.") : null;
    }

    private async Task<(Seat.Given? Seat, GateResult.Refused? None)> SeatAsync(Gate gate, Principal person, CancellationToken cancellationToken)
    {
        var seat = await Electorate(gate).SeatAsync(person, cancellationToken);
        return (seat as Seat.Given, (seat as Seat.Refused)?.Refusal);
    }

    private Electorate Electorate(Gate gate) => new(gate, _directory, delegations, _time.GetUtcNow());

    private static Gate Vote(Gate gate, Principal person, Seat.Given seat, Decision decision, DateTimeOffset now)
    {
        var shown = decision is Decision.Edit ? gate.ShownDigest : decision.ShownDigest; // an editor saw what the edit made of it
        var vote = new Vote(person.Subject, person.DisplayName, seat.As, decision is not (Decision.Reject or Decision.Return), Bounded(decision.Reason), now, shown)
        {
            Revision = gate.Revision,
            For = seat.For,
            Choice = Choice(gate, decision),
        };
        return gate with { Votes = gate.Votes.Add(vote) };
    }

    private static string? Choice(Gate gate, Decision decision) => decision switch
    {
        Decision.Resolve { Choice: var choice } => gate.IsEditRetried(choice) ? StepChoices.Edit : choice,
        Decision.Edit when gate.Request.Failure is not null => StepChoices.Edit,
        _ => null,
    };

    private static Gate Changed(Gate gate, GateChangeKind kind, string by, DateTimeOffset now, string? reason, JsonValue details) =>
        gate with { Changes = gate.Changes.Add(new GateChange(kind, by, now, gate.Revision, Bounded(reason), details)) };

    private static string? Bounded(string? reason) => reason is null ? null : Excerpt.Of(reason, MaxReason);

    private sealed record BoundCalls(ImmutableArray<BoundCall> Calls);

    /// <summary>What the row is to become, or why not; both when the row changes and the person is to look again.</summary>
    private sealed record Step(Gate? Next, GateResult.Refused? Refusal)
    {
        public static Step No(string rule, int status, string detail) => new(null, new GateResult.Refused(rule, status, detail));

        public static Step No(Refusal refusal) => No(refusal.Rule, refusal.Status, refusal.Detail);
    }
}
