using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Tests.Audit;

public sealed class AuditRecordTests
{
    private static readonly AuditRecord Full = new()
    {
        Id = "intent:e1:1",
        Type = AuditTypes.CallIntent,
        Time = AuditSamples.Time.AddTicks(1234567),
        Tenant = new TenantId("contoso"),
        Chain = "run:r1",
        Run = new RunId("r1"),
        WorkflowName = "support/fix",
        WorkflowVersion = "1.0.0",
        WorkflowDigest = "sha256:w",
        Task = new TaskPath("/do/0/a"),
        Frame = new FrameId("/do/0/a@2"),
        Attempt = 3,
        Actors = ["user:ana", "workflow:support/fix", "agent:x"],
        Target = "crm/read",
        Via = "route:r",
        ToolVersion = "1",
        AgentVersion = "2",
        ContractDigest = "sha256:c",
        PolicyDigest = "sha256:p",
        Epoch = 42,
        Effect = new EffectId("e1"),
        ArgumentsDigest = "sha256:a",
        ResultDigest = "sha256:r",
        Decision = "allow",
        RuleIds = ["one", "two"],
        Reason = "because",
        Stage = "commit",
        Rule = "grant-spent",
        Gate = new GateId("g1"),
        Grant = "gr1",
        Outcome = "failed",
        Address = "https://crm.contoso.com/mcp",
        Problem = new Problem(ProblemTypes.Refused, 403, "Refused", "detail", "/do/0") { Stage = "commit", Rule = "grant-spent" },
        DurationMs = 17,
        Trace = "00-ab-cd-01",
        Details = JsonValue.Object(("k", JsonValue.Array(1, JsonValue.Null))),
    };

    [Fact]
    public void FromJson_OfToJson_IsTheSameInEveryMember()
    {
        var read = AuditRecord.FromJson(StrictJson.Parse(Full.ToJson().ToString()));

        foreach (var property in typeof(AuditRecord).GetProperties())
        {
            Assert.NotNull(property.GetValue(Full)); // the sample must not forget a member
            Assert.NotNull(property.GetValue(read));
        }
        Assert.Equal(Full.ToJson(), read.ToJson());
    }

    [Fact]
    public void ToJson_AbsentMembers_AreLeftOut() => Assert.Equal(
        ["id", "type", "time", "tenant", "chain", "target", "outcome"], AuditSamples.Record(AuditSamples.Run(), "1").ToJson().Members.Names);

    [Theory]
    [InlineData("id", null)]
    [InlineData("tenant", null)]
    [InlineData("time", "\"yesterday\"")]
    [InlineData("epoch", "1.5")]
    [InlineData("actors", "\"user:ana\"")]
    [InlineData("problem", "{}")]
    public void FromJson_MemberMissingOrWrong_ThrowsNamingIt(string name, string? value)
    {
        var json = value is null ? Full.ToJson().Without(name) : Full.ToJson().With(name, StrictJson.Parse(value));
        Assert.Contains(name, Assert.Throws<FormatException>(() => AuditRecord.FromJson(json)).Message, StringComparison.Ordinal);
    }
}
