using Interlock.Core.Runs;
using Xunit.Sdk;

namespace Interlock.Tests.Runs;

public sealed class PropertyTests
{
    private const int RunsPerBatch = 400;

    /// <summary>To look at one seed that failed: put it here as a batch of its own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_run_of_every_document_ends_with_all_promises_kept(int batch)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = batch * 100_000; seed < (batch * 100_000) + RunsPerBatch; seed++)
        {
            var run = One(seed);
            seen.Add(run.State.Status.Text());
            seen.UnionWith(run.Issued.SelectMany(Traits));
            seen.UnionWith(run.Events.OfType<RunEvent.GateClosed>().SelectMany(Traits));
        }
        // The draw is not lopsided: each of these came up.
        Assert.Equal("abandoned again bare cancelled compensation completed edited escalation failure faulted granted iteration retried retry returned revisit skipped ungranted", string.Join(' ', seen));
    }

    private static IEnumerable<string> Traits(RunEvent.GateClosed closed)
    {
        if (closed.Outcome == GateOutcome.Returned) yield return "returned";
        if (!closed.Edited.IsEmpty) yield return "edited";
        if (closed.Choice == "retry") yield return "retried";
        if (closed.Choice == "skip") yield return "skipped";
    }

    private static IEnumerable<string> Traits(Command command)
    {
        if (command is Command.OpenApproval { Gate.Again: not null }) yield return "again";
        if (command is Command.OpenApproval { Gate: { Failure: { } failure } asked }) yield return asked.Covers.IsEmpty && failure.Options.Contains("skip") ? "bare" : "failure";
        if (command is Command.StartTimer { Purpose: TimerPurpose.Abandoned }) yield return "abandoned";
        if (command is Command.CallTool { IsCompensation: true }) yield return "compensation";
        if (command is Command.OpenApproval { Gate.IsEscalation: true }) yield return "escalation";
        if (command is Command.Call { RequiresGrant: true } call) yield return call.Grant is null ? "ungranted" : "granted";
        if (command.Frame.Value.Contains("/do@2", StringComparison.Ordinal)) yield return "iteration";
        if (command.Frame.Value.Contains("/try@2", StringComparison.Ordinal)) yield return "retry";
        if (command.Frame.Value.Contains("#2", StringComparison.Ordinal)) yield return "revisit";
    }

    private static RunHarness One(int seed)
    {
        var definition = RandomDocuments.Of(seed);
        try
        {
            return new RandomRun(seed, definition).ToItsEnd();
        }
        catch (Exception e)
        {
            throw new XunitException($"Seed {seed}: {e.Message}\n{definition.Document["do"]}", e);
        }
    }
}
