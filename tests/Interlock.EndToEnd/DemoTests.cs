namespace Interlock.EndToEnd;

public sealed class DemoTests
{
    [Fact]
    public async Task Demo_Approved_RunsEverythingAndVerifiesTheAudit()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--yes");

        Assert.True(exit == 0, output + errors);
        Assert.Contains("→ classify calls ticket-classifier", output, StringComparison.Ordinal);
        Assert.Contains("the run is completed", output, StringComparison.Ordinal);
        Assert.Matches(@"audit: verified \d+ records", output);
        Assert.DoesNotContain("revert", output[output.IndexOf("What the servers saw", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_Rejected_ReachesNoToolAndExits3()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--reject");

        Assert.True(exit == 3, output + errors);
        var seen = output[output.IndexOf("What the servers saw", StringComparison.Ordinal)..output.IndexOf("What the audit trail", StringComparison.Ordinal)];
        Assert.DoesNotContain("apply", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("post_message", seen, StringComparison.Ordinal);
        Assert.Matches(@"audit: verified \d+ records", output);
    }

    [Fact]
    public async Task Demo_FailedVerification_RevertsWhatWasApplied()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--fail-verify");

        Assert.True(exit == 1, output + errors);
        Assert.Contains("↩ undoing apply with remediation/revert", output, StringComparison.Ordinal);
        var seen = output[output.IndexOf("What the servers saw", StringComparison.Ordinal)..output.IndexOf("What the audit trail", StringComparison.Ordinal)];
        Assert.True(seen.IndexOf("apply", StringComparison.Ordinal) < seen.IndexOf("revert", StringComparison.Ordinal), seen);
        Assert.DoesNotContain("post_message", seen, StringComparison.Ordinal);
    }
}
