using Interlock.Core.Policy;
using static Interlock.Tests.Policy.Policies;

namespace Interlock.Tests.Policy;

public sealed class PolicySetTests
{
    private const string Sample = """
        version: 1
        rules:
          - id: support-tools
            principals: [ { group: support }, { user: ana }, { any: true }, { agent: ticket-classifier }, { workflow: support/incident-remediation } ]
            tools: [ "ticketing/*", "remediation/verify" ]
            agents: [ ticket-classifier ]
            when: '.arguments.amount < 100'
            effect: allow
            reason: "small amounts"
          - id: remediation-guarded
            tools: [ remediation/apply ]
            effect: requireApproval
            approval: { approvers: [ { group: sre-leads } ], quorum: 1, excludeInitiator: true, excludeAuthor: true }
        """;

    [Fact]
    public void Parse_WholeDocument_ReadsEveryMember()
    {
        var policies = Assert.IsType<PolicyParseResult.Parsed>(PolicySet.Parse(Sample)).Policies;

        Assert.Equal([("support-tools", PolicyEffect.Allow, 3), ("remediation-guarded", PolicyEffect.RequireApproval, 10)], policies.Rules.Select(rule => (rule.Id, rule.Effect, rule.Line)));
        Assert.Equal(
            [new PolicySubject.Group("support"), new PolicySubject.One("user:ana"), new PolicySubject.Any(), new PolicySubject.One("agent:ticket-classifier"), new PolicySubject.One("workflow:support/incident-remediation")],
            policies.Rules[0].Principals);
        Assert.Equal(".arguments.amount < 100", policies.Rules[0].When!.Source);
        Assert.StartsWith("sha256:", policies.Digest, StringComparison.Ordinal);
    }

    [Fact]
    public void Digest_OtherSpacingAndStyle_IsTheSameAndOtherContentIsNot()
    {
        var block = Assert.IsType<PolicyParseResult.Parsed>(PolicySet.Parse("version: 1\nrules:\n- effect: allow\n  id: \"a\"\n  tools:\n  - a/b\n")).Policies;

        Assert.Equal(Set("id: a, tools: [a/b], effect: allow"), block);
        Assert.NotEqual(Set("id: a, tools: [a/b], effect: deny"), block);
    }

    [Theory]
    [InlineData("id: a, tools: [a/b], effect: permit", "/rules/0/effect")]
    [InlineData("id: a, tools: [a/b]", "/rules/0/effect")]
    [InlineData("id: a, tools: [a/b], effect: ALLOW", "/rules/0/effect")]
    [InlineData("tools: [a/b], effect: allow", "/rules/0/id")]
    [InlineData("id: 7, tools: [a/b], effect: allow", "/rules/0/id")]
    [InlineData("id: a, effect: deny", "/rules/0")]
    [InlineData("id: a, tools: [], effect: deny", "/rules/0/tools")]
    [InlineData("id: a, tools: a/b, effect: deny", "/rules/0/tools")]
    [InlineData("id: a, tools: ['*'], effect: deny", "/rules/0/tools/0")]
    [InlineData("id: a, tools: [a/b, 'c/'], effect: deny", "/rules/0/tools/1")]
    [InlineData("id: a, tools: [a/b], effect: deny, principal: [{ user: a }]", "/rules/0/principal")]
    [InlineData("id: a, tools: [a/b], effect: deny, principals: []", "/rules/0/principals")]
    [InlineData("id: a, tools: [a/b], effect: deny, principals: [{ users: a }]", "/rules/0/principals/0")]
    [InlineData("id: a, tools: [a/b], effect: allow, principals: [{ any: false }]", "/rules/0/principals/0")]
    [InlineData("id: a, tools: [a/b], effect: allow, principals: [{ user: a, group: b }]", "/rules/0/principals/0")]
    [InlineData("id: a, tools: [a/b], effect: allow, principals: [{ workflow: fix }]", "/rules/0/principals/0")]
    [InlineData("id: a, tools: [a/b], effect: allow, when: '.a <'", "/rules/0/when")]
    [InlineData("id: a, tools: [a/b], effect: allow, when: true", "/rules/0/when")]
    [InlineData("id: a, tools: [a/b], effect: allow, when: '$secrets.key'", "/rules/0/when")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval", "/rules/0")]
    [InlineData("id: a, tools: [a/b], effect: allow, approval: { approvers: [{ user: a }] }", "/rules/0/approval")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval, approval: { quorum: 1 }", "/rules/0/approval/approvers")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval, approval: { approvers: [{ agent: x }] }", "/rules/0/approval/approvers/0")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval, approval: { approvers: [{ user: a }], quorum: 0 }", "/rules/0/approval/quorum")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval, approval: { approvers: [{ user: a }], quorum: 1.5 }", "/rules/0/approval/quorum")]
    [InlineData("id: a, tools: [a/b], effect: requireApproval, approval: { approvers: [{ user: a }], excludeInitiator: no }", "/rules/0/approval/excludeInitiator")]
    [InlineData("id: a, tools: [a/b], effect: allow, effect: deny", "/rules/0/effect")]
    [InlineData("id: a, tools: [a/b], effect: allow, reason: 0x10", "/rules/0/reason")]
    [InlineData("id: a, tools: [a/b], effect: allow, reason: 9007199254740993", "/rules/0/reason")]
    [InlineData("id: a, tools: &t [a/b], effect: allow", "/rules/0/tools")]
    [InlineData("id: a, tools: !!seq [a/b], effect: allow", "/rules/0/tools")]
    [InlineData("id: a, <<: { effect: allow }", "/rules/0/<<")]
    public void Parse_WrongRule_IsRefusedWithItsPlace(string rule, string pointer)
    {
        var invalid = Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse(Document(rule)));
        Assert.Contains(invalid.Errors, error => error.Pointer == pointer.Replace("~", "~0", StringComparison.Ordinal) && error.Line == 3);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("rules: []", 1)]
    [InlineData("version: 2\nrules: []", 1)]
    [InlineData("version: 1\nrules: {}", 2)]
    [InlineData("version: 1\nrules: []\nrule: []", 3)]
    [InlineData("version: 1\nrules: []\n---\nversion: 1", 3)]
    [InlineData("version: 1\nrules: ]", 2)]
    [InlineData("version: 1\nrules: *x", 2)]
    [InlineData("- a", 1)]
    [InlineData("version: 1\nrules:\n  - { id: a, tools: [a/b], effect: deny }\n  - { id: a, tools: [a/c], effect: allow }", 4)]
    public void Parse_WrongDocument_IsRefusedWithItsLine(string yaml, int line) =>
        Assert.Contains(Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse(yaml)).Errors, error => error.Line == line);

    [Fact]
    public void Parse_SeveralErrors_ReportsThemAllByLine()
    {
        var invalid = Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse(Document("id: a, effect: deny", "id: b, tools: ['*'], effect: x")));
        Assert.Equal([3, 4, 4], invalid.Errors.Select(error => error.Line));
    }

    [Fact]
    public void Parse_AliasBombDeepOrHuge_IsRefused()
    {
        var bomb = "a0: &a0 [x]\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n"));
        Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse(bomb));
        Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse("rules: " + new string('[', 100_000)));
        Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse("rules: [" + string.Concat(Enumerable.Repeat("1,", 200_000)) + "1]"));
        Assert.IsType<PolicyParseResult.Invalid>(PolicySet.Parse("# " + new string('x', 2_000_000)));
    }
}
