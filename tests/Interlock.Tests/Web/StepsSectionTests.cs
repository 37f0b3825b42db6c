using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Http.Pages.Review;

namespace Interlock.Tests.Web;

public sealed class StepsSectionTests
{
    [Theory]
    [InlineData(AuditTypes.CallOutcome, null, true)]
    [InlineData(AuditTypes.CallRefused, "authorize", true)]
    [InlineData(AuditTypes.CallRefused, "approval", true)]
    [InlineData(AuditTypes.CallRefused, "decision", false)] // else a token that tries again and again pushes the run's steps off the page
    [InlineData(AuditTypes.GateVote, null, false)]
    public void IsStep_OnlyWhatTheRunDid(string type, string? stage, bool expected)
    {
        var record = new AuditRecord { Id = "1", Type = type, Time = DateTimeOffset.UnixEpoch, Tenant = new TenantId("contoso"), Chain = "run:1", Stage = stage };
        Assert.Equal(expected, StepsSection.IsStep(record));
    }
}
