using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Core.Notices;
using Interlock.Core.Registry;
using Interlock.Core.Runs;

namespace Interlock.Core.Gateway;

/// <summary>
/// Opens gates, takes decisions, closes gates. The gate's row decides every race: of a vote, an expiry and a cancel exactly one compare-and-set
/// wins, and everybody else is told what won. What the row says is recorded in the audit before anybody acts on it; repeating any of these
/// after a crash finishes what was begun.
/// </summary>
public sealed class ApprovalDesk
{
    /// <summary>A decision needs a sign-in that is no older.</summary>
    public static readonly TimeSpan RecentSignIn = TimeSpan.FromHours(1);

    private const int MaxReason = 2000;
    private const int Retries = 32;

    private readonly RegistryStore _registries;
    private readonly GateStore _gates;
    private readonly AuditLog _audit;
    private readonly IDirectory _directory;
    private readonly TimeProvider _time;
    private readonly NoticeOutbox? _notices;
    private readonly GateBinder _binder;

    public ApprovalDesk(
        RegistryStore registries, PolicyCache policies, GateStore gates, AuditLog audit, IDirectory directory, TimeProvider time, NoticeOutbox? notices = null)
    {
        (_registries, _gates, _audit, _directory, _time, _notices) = (registries, gates, audit, directory, time, notices);
        _binder = new GateBinder(new AuthorizeStage(gates, policies, directory, time));
    }

    /// <summary>Opens the gate, or finds it as it stands when it was opened before; or the refusal under which it may not open.</summary>
    public async Task<StageResult<Gate>> OpenAsync(TenantId tenant, CallSite site, RunOrigin origin, GateRequest request, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(tenant, request.Id, cancellationToken) is { } existing)
        {
            await RecordAsync(existing, cancellationToken);
            return existing;
        }
        var now = _time.GetUtcNow();
        var registry = await _registries.ReadAsync(tenant, cancellationToken);
        var bound = await _binder.BindAsync(request, origin, site, registry, now, cancellationToken);
        if (bound.Refusal is { } refusal)
        {
            var record = GateRecords.NotOpened(tenant, site, origin, request, refusal, now);
            await _audit.AppendAsync(AuditChain.ForRun(tenant, site.Run), [record], [], cancellationToken);
            return refusal;
        }
        ImmutableArray<string> initiators = [origin.Starter.Subject, .. origin.Initiators];
        var gate = new Gate(tenant, site.Run, site.Workflow, request, [.. bound.Value!], initiators, origin.WorkflowOwner, now);
        await _gates.InsertAsync(gate, cancellationToken);
        gate = await FindAsync(tenant, request.Id, cancellationToken) ?? throw Vanished(request.Id);
        await RecordAsync(gate, cancellationToken);
        return gate;
    }

    /// <summary>Takes one person's decision.</summary>
    public async Task<GateResult> DecideAsync(InteractiveSession session, GateId id, Decision decision, CancellationToken cancellationToken = default)
    {
        var person = session.Person;
        var reason = decision.Reason is { } text ? Excerpt.Of(text, MaxReason) : null;
        for (var i = 0; i < Retries; i++)
        {
            if (await _gates.FindAsync(person.Tenant, id, cancellationToken) is not { } stored) return new GateResult.Refused("unknown-gate", 404, "There is no such gate.");
            if (stored.Gate is not { } gate) return new GateResult.Refused("grant-unauthentic", 403, "The gate's row was not written by Interlock; an administrator must look at the store.");
            var groups = await _directory.GroupsOfAsync(gate.Tenant, person.Id, cancellationToken);
            var eligible = ApproverCheck.Refuse(gate, person, groups, out var role);
            if ((await RefuseAsync(gate, session, decision, cancellationToken) ?? eligible) is { } no)
            {
                await RecordAsync(gate, cancellationToken); // whoever wrote the row may have died before its records
                return await RecordRefusalAsync(gate, person, no, cancellationToken);
            }
            var now = _time.GetUtcNow();
            var vote = new Vote(person.Subject, person.DisplayName, role, decision.Approves, reason, now, decision.ShownDigest);
            var next = gate with { Votes = gate.Votes.Add(vote) };
            if (!decision.Approves) next = next with { Outcome = GateOutcome.Rejected, ClosedAt = now };
            else if (await ApproverCheck.QuorumMetAsync(next, _directory, cancellationToken)) next = next with { Outcome = GateOutcome.Approved, ClosedAt = now };
            // From here on the decision may be durable: a browser that leaves must not keep it from being recorded.
            if (!await _gates.ReplaceAsync(next, stored.ETag, CancellationToken.None)) continue;
            await RecordAsync(next, CancellationToken.None);
            return new GateResult.Accepted(next);
        }
        return new GateResult.Refused("contention", 409, "Others decide on this gate at the same time; try again.");
    }

    /// <summary>Closes an undecided gate, and says how it stands after that: a decision that came first stays.</summary>
    /// <exception cref="ArgumentException">The cause is a decision: only people decide.</exception>
    public async Task<Gate> CloseAsync(TenantId tenant, CallSite site, GateId id, GateOutcome cause, CancellationToken cancellationToken = default)
    {
        if (cause is not (GateOutcome.Expired or GateOutcome.Withdrawn)) throw new ArgumentException($"A gate is closed as expired or withdrawn, not as {cause}.", nameof(cause));
        while (true)
        {
            var now = _time.GetUtcNow();
            var none = new GateRequest(id, site.Task, "", null, [], 1, true, true, now, []);
            var closed = new Gate(tenant, site.Run, site.Workflow, none, [], [], null, now) { Outcome = cause, ClosedAt = now };
            if (await _gates.FindAsync(tenant, id, cancellationToken) is not { } stored)
            {
                // Never opened: a closed row keeps a late opening from succeeding.
                await _gates.InsertAsync(closed, cancellationToken);
                continue;
            }
            if (stored.Gate is not { } gate)
            {
                // Somebody else wrote the row. Whatever it says grants nothing; closing it lets the run end, and is told.
                await _audit.AppendAsync(GateRecords.Chain(closed), [GateRecords.Unauthentic(closed, stored.ETag)], [], cancellationToken);
                await _gates.ReplaceAsync(closed, stored.ETag, cancellationToken);
                continue;
            }
            if (gate.Outcome is null)
            {
                gate = gate with { Outcome = cause, ClosedAt = now };
                if (!await _gates.ReplaceAsync(gate, stored.ETag, cancellationToken)) continue;
            }
            await RecordAsync(gate, cancellationToken);
            return gate;
        }
    }

    /// <summary>The gate as it stands, or null when this tenant has none of that id.</summary>
    public async Task<Gate?> FindAsync(TenantId tenant, GateId id, CancellationToken cancellationToken = default) =>
        await _gates.FindAsync(tenant, id, cancellationToken) is { } stored ? stored.Gate ?? throw Unauthentic(id) : null;

    /// <summary>The open gates that this person may decide now.</summary>
    public async Task<IReadOnlyList<Gate>> InboxAsync(Principal person, CancellationToken cancellationToken = default)
    {
        var groups = await _directory.GroupsOfAsync(person.Tenant, person.Id, cancellationToken);
        var open = await _gates.OpenAsync(person.Tenant, cancellationToken);
        return [.. open.Where(gate => ApproverCheck.Refuse(gate, person, groups, out _) is null)];
    }

    /// <summary>All of the tenant's open gates, oldest first.</summary>
    public Task<IReadOnlyList<Gate>> OpenGatesAsync(TenantId tenant, CancellationToken cancellationToken = default) => _gates.OpenAsync(tenant, cancellationToken);

    private async Task<GateResult.Refused?> RefuseAsync(Gate gate, InteractiveSession session, Decision decision, CancellationToken cancellationToken)
    {
        var person = session.Person;
        if (person.Kind != PrincipalKind.User) return new GateResult.Refused("interactive-session-required", 403, "Only people decide; applications and agents do not.");
        if (_time.GetUtcNow() - session.SignedInAt > RecentSignIn)
            return new GateResult.Refused("interactive-session-required", 401, "Your sign-in is older than an hour; sign in again to decide.");
        if (gate.Outcome is { } outcome) return new GateResult.Refused("gate-closed", 409, $"This gate was {outcome.ToString().ToLowerInvariant()} already.");
        if (_time.GetUtcNow() >= gate.Request.ExpiresAt) return new GateResult.Refused("gate-expired", 409, "This gate has expired.");
        if (decision.ShownDigest != gate.ShownDigest) return new GateResult.Refused("intent-mismatch", 409, "What you were shown is not what the gate now asks; look at it again.");
        return await _directory.FindUserAsync(gate.Tenant, person.Id, cancellationToken) is null
            ? new GateResult.Refused("not-an-approver", 403, "You are no user of this tenant any more.")
            : null;
    }

    /// <summary>Appends whatever the row says and the audit lacks, then announces it: ids are derived from the row, so doing it again changes nothing.</summary>
    private async Task RecordAsync(Gate gate, CancellationToken cancellationToken)
    {
        foreach (var record in GateRecords.Of(gate))
            await _audit.AppendAsync(GateRecords.Chain(gate), [record], [], cancellationToken);
        if (_notices is not null) await _notices.AnnounceAsync(gate, gate.Outcome is null ? NoticeEvents.Opened : NoticeEvents.Closed, cancellationToken);
    }

    private async Task<GateResult> RecordRefusalAsync(Gate gate, Principal person, GateResult.Refused refused, CancellationToken cancellationToken)
    {
        await _audit.AppendAsync(GateRecords.Chain(gate), [GateRecords.Refused(gate, person, refused, _time.GetUtcNow())], [], cancellationToken);
        return refused;
    }

    private static InvalidDataException Unauthentic(GateId id) =>
        new($"The row of gate {id} was not written by Interlock (grant-unauthentic); an administrator must look at the store.");

    private static InvalidDataException Vanished(GateId id) => new($"The row of gate {id} vanished after it was inserted.");
}
