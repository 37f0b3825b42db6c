using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;

namespace Interlock.Http.Pages.Review;

/// <summary>What a form asks the desk to do; whether it counts is for the desk to say.</summary>
internal delegate Task<GateResult> Act(ApprovalDesk desk, InteractiveSession session, GateId gate, CancellationToken cancellationToken);

/// <summary>Reads which act one of the page's forms asks for.</summary>
internal static class ActReader
{
    /// <summary>The act, or null and what the form lacks.</summary>
    public static (Act? Act, Draft Draft) Read(Gate gate, FormFields fields, DateTimeOffset now)
    {
        var draft = new Draft(fields["decision"] ?? "", fields);
        if (!fields.Has("shown", out var shown)) return (null, draft with { Notice = Incomplete });
        var reason = fields["reason"];
        return draft.Form switch
        {
            "approve" => (Decide(new Decision.Approve(reason, shown)), draft),
            "reject" when reason is null => (null, draft.With("reason", "Say why: the reason goes to the run and into the audit.")),
            "reject" => (Decide(new Decision.Reject(reason, shown)), draft),
            StepChoices.Retry or StepChoices.Skip => (Decide(new Decision.Resolve(reason, shown, draft.Form)), draft),
            EditSection.Name => EditSection.Read(gate, shown, draft),
            InformationSection.Name => InformationSection.Read(gate, shown, draft),
            DelegateSection.Name => DelegateSection.Read(draft, now),
            ReassignSection.Name => ReassignSection.Read(gate, draft),
            _ => (null, draft with { Notice = Incomplete }),
        };
    }

    public static Act Decide(Decision decision) => (desk, session, gate, cancellationToken) => desk.DecideAsync(session, gate, decision, cancellationToken);

    private const string Incomplete = "The form is not complete; nothing was decided.";
}
