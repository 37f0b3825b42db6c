using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Core.Notices;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Gateway;

/// <summary>
/// Opens gates, takes decisions, closes gates. The gate's row decides every race: of a vote, an expiry and a cancel exactly one compare-and-set
/// wins, and everybody else is told what won. What the row says is recorded in the audit before anybody acts on it; repeating any of these
/// after a crash finishes what was begun.
/// </summary>
public sealed class ApprovalDesk
{
    private const string SlotTable = "gateslots";

    private readonly RegistryStore _registries;
    private readonly GateStore _gates;
    private readonly GateRate _rate;
    private readonly DelegationStore _delegations;
    private readonly IDirectory _directory;
    private readonly TimeProvider _time;
    private readonly GateBinder _binder;
    private readonly GateJournal _journal;
    private readonly DecisionDesk _decisions;
    private readonly Slots _slots;
    private readonly int _mostOpen;

    public ApprovalDesk(ApprovalParts parts)
    {
        (_registries, _gates, _directory, _time) = (parts.Registries, parts.Gates, parts.Directory, parts.Time);
        _rate = new GateRate(parts.Store);
        (_slots, _mostOpen) = (new Slots(parts.Store, SlotTable), parts.Caps.OpenGates);
        Decided = new DecisionIndex(parts.Store);
        _delegations = new DelegationStore(parts.Store, parts.Mac, parts.Gates.Incarnation);
        Delegations = new DelegationDesk(_delegations, parts.Directory, parts.Audit, parts.Time);
        _binder = new GateBinder(new AuthorizeStage(parts.Gates, parts.Policies, parts.Directory, new Readings(parts.Audit, parts.RunLog), parts.Time));
        _journal = new GateJournal(parts.Audit, _rate, Decided, parts.Notices, parts.Time);
        _decisions = new DecisionDesk(parts, _delegations, _binder, _journal);
    }

    /// <summary>What people delegate to each other for a time.</summary>
    public DelegationDesk Delegations { get; }

    /// <summary>What was decided.</summary>
    public DecisionIndex Decided { get; }

    /// <summary>
    /// Opens the gate, or finds it as it stands when it was opened before; or the refusal under which it may not open. Without a site it is for a client's own call.
    /// </summary>
    public async Task<StageResult<Gate>> OpenAsync(TenantId tenant, CallSite? site, RunOrigin origin, GateRequest request, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(tenant, request.Id, cancellationToken) is { } existing)
        {
            await _journal.RecordAsync(existing, cancellationToken);
            return existing;
        }
        var now = _time.GetUtcNow();
        if (request.AsksPolicy) request = request.Asking([]); // nobody but policy says who
        if (await _rate.RestsUntilAsync(tenant, origin, site?.Run, site?.Workflow, request, now, cancellationToken) is { } until)
            return await _journal.NotOpenedAsync(tenant, site, origin, request, GateRecords.Rests(until), cancellationToken);
        var registry = await _registries.ReadAsync(tenant, cancellationToken);
        var bound = await _binder.BindAsync(request, origin, site, registry, now, cancellationToken);
        if (bound.Refusal is { } refusal) return await _journal.NotOpenedAsync(tenant, site, origin, request, refusal, cancellationToken);
        if (request.AsksPolicy)
        {
            if (bound.Value is not [{ Floor: [_, ..] floor }]) return await _journal.NotOpenedAsync(tenant, site, origin, request, GateRecords.NobodyToAsk, cancellationToken);
            request = request.Asking(floor);
        }
        var opening = new Gate(tenant, site?.Run, site?.Workflow, request, [.. bound.Value!], origin, now); // no refusal, so there is a value
        if (!_gates.Fits(opening, GateStore.RoomToDecide)) return await _journal.NotOpenedAsync(tenant, site, origin, request, GateRecords.TooLarge, cancellationToken);
        if (site is not null && !await HasSlotAsync(opening, cancellationToken)) return await _journal.NotOpenedAsync(tenant, site, origin, request, GateRecords.TooMany(_mostOpen), cancellationToken);
        await _gates.InsertAsync(opening, cancellationToken);
        var gate = await FindAsync(tenant, request.Id, cancellationToken) ?? throw Vanished(request.Id);
        await _journal.RecordAsync(gate, cancellationToken);
        return gate;
    }

    /// <summary>Takes one person's decision.</summary>
    public Task<GateResult> DecideAsync(InteractiveSession session, GateId id, Decision decision, CancellationToken cancellationToken = default) =>
        _decisions.DecideAsync(session, id, decision, cancellationToken);

    /// <summary>Refuses, and records, a decision that came with a token: only people at a browser decide.</summary>
    public Task<GateResult> RefuseTokenAsync(Principal caller, Gate gate, CancellationToken cancellationToken = default) =>
        _journal.RefuseAsync(gate, caller, new GateResult.Refused("interactive-session-required", 403, "Decisions are made by people on the review page, signed in there; a token decides nothing."), cancellationToken);

    /// <summary>Lets somebody else decide this gate in the place of an approver, until a time or the gate's end.</summary>
    /// <param name="session">The approver.</param>
    /// <param name="id">The gate.</param>
    /// <param name="to">The id of a user of the tenant.</param>
    /// <param name="until">Until when; the gate's expiry at the latest.</param>
    /// <param name="reason">Why, for the audit.</param>
    /// <param name="cancellationToken">Stops it before it is stored.</param>
    public Task<GateResult> DelegateAsync(InteractiveSession session, GateId id, string to, DateTimeOffset until, string? reason, CancellationToken cancellationToken = default) =>
        _decisions.DelegateAsync(session, id, to, until, reason, cancellationToken);

    /// <summary>Names other approvers for one of the gate's requirements: an operator's act, never below policy, and they don't decide on it themselves.</summary>
    public Task<GateResult> ReassignAsync(
        InteractiveSession session, GateId id, int requirement, ImmutableArray<Approver> approvers, string? reason, CancellationToken cancellationToken = default) =>
        _decisions.ReassignAsync(session, id, requirement, approvers, reason, cancellationToken);

    /// <summary>Closes an undecided gate, and says how it stands after that: a decision that came first stays.</summary>
    /// <exception cref="ArgumentException">The cause is a decision: only people decide.</exception>
    public async Task<Gate> CloseAsync(TenantId tenant, CallSite site, GateId id, GateOutcome cause, CancellationToken cancellationToken = default)
    {
        if (cause is not (GateOutcome.Expired or GateOutcome.Withdrawn)) throw new ArgumentException($"A gate is closed as expired or withdrawn, not as {cause}.", nameof(cause));
        while (true)
        {
            var now = _time.GetUtcNow();
            var none = new GateRequest(id, site.Task, "", null, [], 1, true, true, now, []);
            var closed = new Gate(tenant, site.Run, site.Workflow, none, [], null, now) { Outcome = cause, ClosedAt = now };
            if (await _gates.FindAsync(tenant, id, cancellationToken) is not { } stored)
            {
                // Never opened: a closed row keeps a late opening from succeeding.
                await _gates.InsertAsync(closed, cancellationToken);
                continue;
            }
            if (stored.Gate is not { } gate)
            {
                // Somebody else wrote the row. Whatever it says grants nothing; closing it lets the run end, and is told.
                await _journal.UnauthenticAsync(closed, stored.ETag, cancellationToken);
                await _gates.ReplaceAsync(closed, stored.ETag, cancellationToken);
                continue;
            }
            if (gate.Outcome is null)
            {
                gate = gate with { Outcome = cause, ClosedAt = now };
                if (!await _gates.ReplaceAsync(gate, stored.ETag, cancellationToken)) continue;
            }
            await _journal.RecordAsync(gate, cancellationToken);
            return gate;
        }
    }

    /// <summary>The gate of a client's own call as it stands and is recorded, closed if its time is over: nobody else closes it.</summary>
    public async Task<Gate> LookAsync(TenantId tenant, GateId id, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var stored = await _gates.FindAsync(tenant, id, cancellationToken) ?? throw Vanished(id);
            var gate = stored.Gate ?? throw new UnauthenticGateException(id);
            var now = _time.GetUtcNow();
            if (gate is { Outcome: null, Run: null } && now >= gate.Request.ExpiresAt)
            {
                gate = gate with { Outcome = GateOutcome.Expired, ClosedAt = now };
                if (!await _gates.ReplaceAsync(gate, stored.ETag, cancellationToken)) continue;
            }
            await _journal.RecordAsync(gate, cancellationToken);
            return gate;
        }
    }

    /// <summary>The gate as it stands, or null when this tenant has none of that id.</summary>
    /// <exception cref="UnauthenticGateException">Interlock did not write its row; that is recorded.</exception>
    public async Task<Gate?> FindAsync(TenantId tenant, GateId id, CancellationToken cancellationToken = default)
    {
        if (await _gates.FindAsync(tenant, id, cancellationToken) is not { } stored) return null;
        if (stored.Gate is { } gate) return gate;
        await _journal.FoundUnauthenticAsync(tenant, id, stored.ETag, cancellationToken);
        throw new UnauthenticGateException(id);
    }

    /// <summary>The open gates that this person may decide now, the most urgent first.</summary>
    public async Task<IReadOnlyList<Gate>> InboxAsync(Principal person, CancellationToken cancellationToken = default) =>
        await InboxAsync(person, await OpenGatesAsync(person.Tenant, cancellationToken), cancellationToken);

    /// <summary>Those of these open gates that this person may decide now, the most urgent first.</summary>
    public async Task<IReadOnlyList<Gate>> InboxAsync(Principal person, IReadOnlyList<Gate> open, CancellationToken cancellationToken = default)
    {
        var inbox = new List<Gate>();
        foreach (var gate in open)
            if (await SeatAsync(person, gate, cancellationToken) is Seat.Given) inbox.Add(gate);
        return [.. inbox.OrderBy(gate => gate.Request.ExpiresAt)];
    }

    /// <summary>All of the tenant's open gates whose time is not over, oldest first.</summary>
    public async Task<IReadOnlyList<Gate>> OpenGatesAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return [.. (await _gates.OpenAsync(tenant, cancellationToken)).Where(gate => gate.Request.ExpiresAt > now)];
    }

    /// <summary>What makes this person an approver of the gate, or why they are none; the decision itself asks again.</summary>
    public Task<Seat> SeatAsync(Principal person, Gate gate, CancellationToken cancellationToken = default) => Electorate(gate).SeatAsync(person, cancellationToken);

    /// <summary>The approving votes that count now, each with the requirement that it is for: those of plain approvals, or of one choice about a failed step.</summary>
    public Task<IReadOnlyList<CountedVote>> CountAsync(Gate gate, string? choice = null, CancellationToken cancellationToken = default) => Electorate(gate).CountAsync(choice, cancellationToken);

    /// <summary>The call of the same task to the same target that was approved last, in whichever run of the workflow; from its gate's own row.</summary>
    public async Task<(Gate Gate, BoundCall Call)?> LastApprovedAsync(Gate gate, BoundCall call, CancellationToken cancellationToken = default)
    {
        if (gate.Workflow is not { } workflow || await Decided.LastAsync(gate.Tenant, workflow.Name, call, cancellationToken) is not { } id || id == gate.Id) return null;
        if (await _gates.FindAsync(gate.Tenant, id, cancellationToken) is not { Gate: { Outcome: GateOutcome.Approved } last }) return null;
        return last.Calls.FirstOrDefault(one => one.Task == call.Task && one.Target.Name == call.Target.Name) is { } before ? (last, before) : null;
    }

    /// <summary>Whether the gate has one of the slots of who started its run.</summary>
    private Task<bool> HasSlotAsync(Gate gate, CancellationToken cancellationToken) => _slots.TakeAsync(
        Keys.Join(gate.Tenant.Value, gate.Initiators[0]), gate.Id.Value, _mostOpen, gate.OpenedAt, holder => _gates.IsOpenAsync(gate.Tenant, new GateId(holder), gate.OpenedAt, cancellationToken), cancellationToken);

    private Electorate Electorate(Gate gate) => new(gate, _directory, _delegations, _time.GetUtcNow());

    private static InvalidDataException Vanished(GateId id) => new($"The row of gate {id} vanished after it was inserted.");
}

/// <summary>What the desk is made of. <see cref="Edits"/> is null where nobody can compute edits: then gates of runs can't be edited.</summary>
public sealed record ApprovalParts(
    ITableStore Store, Mac Mac, RegistryStore Registries, PolicyCache Policies, GateStore Gates, AuditLog Audit, IDirectory Directory, TimeProvider Time)
{
    public ICoverEdits? Edits { get; init; }

    /// <summary>How many gates a principal's runs may have open.</summary>
    public PrincipalCaps Caps { get; init; } = new();

    /// <summary>What happened to runs; null where there are none.</summary>
    public IRunLog? RunLog { get; init; }

    /// <summary>Told of gates that opened and closed; null where nobody is to be told.</summary>
    public NoticeOutbox? Notices { get; init; }
}
