using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Policy;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;

namespace Interlock.Http.Pages.Review;

/// <summary>Reads what the review page shows of a gate that the person may see.</summary>
internal sealed class ReviewReader(InterlockWeb web)
{
    private const int MaxRecords = 5000;
    private const int MaxSteps = 25;

    public async Task<ReviewView> ReadAsync(Session session, Gate gate, CancellationToken cancellationToken)
    {
        var now = web.Time.GetUtcNow();
        var (person, isOpen) = (session.Person, gate.Outcome is null && gate.Request.ExpiresAt > now);
        var isRecent = now - session.SignedInAt <= InteractiveSession.Recent;
        var seat = isOpen ? await web.Approvals.SeatAsync(person, gate, cancellationToken) : null;
        var last = new List<(Gate, BoundCall)?>();
        foreach (var call in gate.Calls) last.Add(await web.Approvals.LastApprovedAsync(gate, call, cancellationToken));
        var view = new ReviewView(gate, now, await web.Registry.ReadAsync(gate.Tenant, cancellationToken))
        {
            Seat = isRecent ? seat as Seat.Given : null,
            WhyNot = WhyNot(gate, seat),
            Own = gate.StandingVotes.FirstOrDefault(vote => vote.By == person.Subject),
            MayReassign = isOpen && isRecent && Visibility.HasRole(person, "operator", "admin") && !gate.StandingVotes.Any(vote => vote.By == person.Subject),
            LastApproved = last,
            Standings = await StandingsAsync(gate, cancellationToken),
            Delegations = isOpen ? await DelegationsAsync(gate, now, cancellationToken) : [],
        };
        if (gate.Run is not { } run) return view;
        var (steps, earlier) = await StepsAsync(AuditChain.ForRun(gate.Tenant, run), cancellationToken);
        return view with
        {
            Run = await web.Runs.GetAsync(gate.Tenant, run, cancellationToken),
            MayReadRun = Visibility.HasAnyRole(person) || gate.Initiators.Contains(person.Subject),
            Steps = steps,
            EarlierSteps = earlier,
        };
    }

    private static Html WhyNot(Gate gate, Seat? seat) => seat switch
    {
        null => Html.Of($"Its time is over."),
        Seat.Refused refused => Html.Of($"{refused.Refusal.Detail}"),
        _ => Html.Of($"""You signed in more than an hour ago: <a href="/signin?again=1&amp;return={Uri.EscapeDataString($"/approvals/{gate.Id}")}">sign in again</a> to decide."""),
    };

    private async Task<IReadOnlyList<Standing>> StandingsAsync(Gate gate, CancellationToken cancellationToken)
    {
        var choices = gate.StandingVotes.Where(vote => vote.Approves).Select(vote => vote.Choice).DefaultIfEmpty(null).Distinct();
        var standings = new List<Standing>();
        foreach (var choice in choices) standings.Add(new Standing(gate, choice, await web.Approvals.CountAsync(gate, choice, cancellationToken)));
        return standings;
    }

    private async Task<IReadOnlyList<Delegation>> DelegationsAsync(Gate gate, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var active = gate.Delegations.Where(delegation => delegation.IsActive(now)).ToList();
        foreach (var asked in gate.Request.Requirements.SelectMany(requirement => requirement.Approvers).Where(approver => approver.Kind == ApproverKind.User).Distinct())
            if (await web.Directory.FindUserAsync(gate.Tenant, asked.Id, cancellationToken) is { } person)
                active.AddRange((await web.Approvals.Delegations.ListAsync(person, cancellationToken)).Given);
        return active;
    }

    private async Task<(IReadOnlyList<AuditRecord> Steps, int Earlier)> StepsAsync(AuditChain chain, CancellationToken cancellationToken)
    {
        var (steps, read, earlier) = (new Queue<AuditRecord>(), 0, 0);
        await foreach (var entry in web.Audit.ReadAsync(chain.Tenant, chain.Id, cancellationToken))
        {
            if (++read > MaxRecords) break;
            if (!StepsSection.IsStep(entry.Record)) continue;
            steps.Enqueue(entry.Record);
            if (steps.Count <= MaxSteps) continue;
            steps.Dequeue();
            earlier++;
        }
        return ([.. steps], earlier);
    }
}
