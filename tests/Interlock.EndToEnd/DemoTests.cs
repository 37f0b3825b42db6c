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

    [Fact]
    public async Task Demo_Autonomous_AsksPeopleFromInsideTheLoopAndFinishes()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--autonomous", "--yes");

        Assert.True(exit == 0, output + errors);
        Assert.Contains("→ triage-planner calls log-analyst", output, StringComparison.Ordinal);
        Assert.Contains("→ log-analyst calls monitoring/search_logs", output, StringComparison.Ordinal);
        Assert.Contains("Agent 'triage-planner' wants to call 'remediation/apply'", output, StringComparison.Ordinal);
        var seen = Seen(output);
        Assert.Single(Lines(seen, "  apply "));
        Assert.Contains("rolled back to release 411", Assert.Single(Lines(seen, "  post_message ")), StringComparison.Ordinal);
        Assert.Equal(8, Lines(output, ": chose ").Count(line => line.Contains(": accepted;", StringComparison.Ordinal)));
        Assert.Matches(@"audit: verified \d+ records", output);
    }

    [Fact]
    public async Task Demo_AutonomousRejected_ChangesNothingAndTheModelIsTold()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--autonomous", "--reject");

        Assert.True(exit == 0, output + errors);
        var seen = Seen(output);
        Assert.Empty(Lines(seen, "  apply "));
        Assert.Contains("nothing was changed", Assert.Single(Lines(seen, "  post_message ")), StringComparison.Ordinal);
        Assert.Contains("gate rejected", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_Misbehaving_IsHeldAtEveryTurnAndByItsBudget()
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync("demo", "--autonomous", "--misbehave", "--yes");

        Assert.True(exit == 1, output + errors);
        foreach (var refused in (string[])["ticketing__delete_ticket: refused (out-of-pool)", "remediation__revert: refused (out-of-pool)", "chat/post_message: refused (reason-missing)", "monitoring/query_metrics: refused (arguments)", "monitoring/query_metrics: refused (repeated)"])
            Assert.Single(Lines(output, $"chose {refused}"));
        Assert.Contains("'triage-planner' reached its limit of tokens (200000)", output, StringComparison.Ordinal);
        var seen = Seen(output);
        Assert.Empty(Lines(seen, "delete_ticket").Concat(Lines(seen, "revert")).Concat(Lines(seen, "post_message")).Concat(Lines(seen, "apply")));
        Assert.Equal(3, Lines(seen, "  query_metrics {\"service\":\"checkout\"}").Count);
        Assert.Matches(@"audit: verified \d+ records", output);
    }

    private static string Seen(string output) => output[output.IndexOf("What the servers saw", StringComparison.Ordinal)..output.IndexOf("What the audit trail", StringComparison.Ordinal)];

    private static List<string> Lines(string output, string part) => [.. output.Split('\n').Where(line => line.Contains(part, StringComparison.Ordinal))];
}
