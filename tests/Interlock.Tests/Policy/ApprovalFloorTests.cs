using Interlock.Core.Policy;
using static Interlock.Tests.Policy.Policies;

namespace Interlock.Tests.Policy;

public sealed class ApprovalFloorTests
{
    private static readonly Approver Leads = new(ApproverKind.Group, "leads");
    private static readonly Approver Directors = new(ApproverKind.Group, "directors");
    private static readonly Approver Ana = new(ApproverKind.User, "ana");

    private static readonly ApprovalFloor Floor = new([new([Leads, Directors], 2, ExcludeInitiator: true, ExcludeAuthor: false)]);

    [Fact]
    public void IsMetBy_SameOrStricter_IsMet()
    {
        Assert.True(Floor.IsMetBy(Floor.ToTerms()).IsMet);
        Assert.True(Floor.IsMetBy(GateTerms.Of([Leads], 2, true, false)).IsMet);
        Assert.True(Floor.IsMetBy(GateTerms.Of([Directors, Leads], 3, true, true, GateTerms.Of([Directors], 2, true, true))).IsMet);
    }

    [Fact]
    public void IsMetBy_AnythingWeaker_SaysWhy()
    {
        AssertBelow("user:ana may not approve", GateTerms.Of([Leads, Ana], 2, true, false));
        AssertBelow("group:ana may not approve", GateTerms.Of([new(ApproverKind.Group, "ana")], 2, true, false));
        AssertBelow("quorum is 1", GateTerms.Of([Leads], 1, true, false));
        AssertBelow("initiator", GateTerms.Of([Leads], 2, false, true));
        AssertBelow("no approvers", GateTerms.Of([], 2, true, false));
        AssertBelow("no approvers", new GateTerms([]));
        AssertBelow("Escalation 1", GateTerms.Of([Leads], 2, true, false, GateTerms.Of([Ana], 2, true, true)));
        AssertBelow("Escalation 2", GateTerms.Of([Leads], 2, true, false, GateTerms.Of([Leads], 2, true, true, GateTerms.Of([Leads], 1, true, true))));
    }

    [Fact]
    public void IsMetBy_EndlesslyEscalating_IsNotMet()
    {
        var terms = GateTerms.Of([Leads], 2, true, false);
        for (var i = 0; i < 100; i++) terms = terms with { Escalation = terms };

        Assert.False(Floor.IsMetBy(terms).IsMet);
    }

    [Fact]
    public void IsMetBy_TwoRequirements_ApproversOfOneDoNotStandInForTheOther()
    {
        var both = new ApprovalFloor([new([Leads], 1), new([Directors], 1)]);

        Assert.False(both.IsMetBy(GateTerms.Of([Leads, Directors], 2, true, true)).IsMet);
        Assert.False(both.IsMetBy(GateTerms.Of([Leads], 2, true, true)).IsMet);
        Assert.True(both.IsMetBy(new GateTerms([new([Leads], 1), new([Directors], 1)])).IsMet);
    }

    [Fact]
    public void Decide_SeveralGuards_CombineToTheStrictest()
    {
        var decision = Decide(Call(),
            "id: a, tools: ['*/*'], effect: requireApproval, approval: { approvers: [{ group: leads }, { user: ana }], quorum: 1, excludeInitiator: false, excludeAuthor: false }",
            "id: b, tools: ['*/*'], effect: requireApproval, approval: { approvers: [{ user: ana }, { group: leads }], quorum: 3, excludeInitiator: false }",
            "id: c, tools: ['*/*'], effect: requireApproval, approval: { approvers: [{ group: directors }], quorum: 2, excludeInitiator: false, excludeAuthor: false }");

        Assert.Equal(
            new ApprovalFloor([new([Directors], 2, false, true), new([Leads, Ana], 3, false, true)]), decision.Floor);
    }

    [Fact]
    public void Parse_ExclusionsUnsaid_AreOn()
    {
        var rule = Set("id: a, tools: ['*/*'], effect: requireApproval, approval: { approvers: [{ group: leads }] }").Rules[0];

        Assert.Equal((1, true, true), (rule.Approval!.Quorum, rule.Approval.ExcludeInitiator, rule.Approval.ExcludeAuthor));
    }

    private static void AssertBelow(string why, GateTerms terms) =>
        Assert.Contains(why, Floor.IsMetBy(terms).Reason ?? "(met)", StringComparison.Ordinal);
}
