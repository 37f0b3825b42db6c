using System.Globalization;
using Interlock.Core.Runs;
using Xunit.Sdk;

namespace Interlock.Tests.Runs;

public sealed class PropertyTests
{
    private const int RunsPerBatch = 600;

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
            if (run.Events.OfType<RunEvent.EventArrived>().GroupBy(arrived => (arrived.Effect, arrived.Event["id"])).Any(same => same.Count() > 1)) seen.Add("overheard");
        }
        // The draw is not lopsided: each of these came up.
        Assert.Equal("abandoned again bare cancelled child compensation completed edited emitted escalation failure faulted granted iteration listened onEach overheard retried retry returned revisit skipped ungranted", string.Join(' ', seen));
    }

    /// <summary>Casing, digits, calendars and the order of texts differ there; where the platform has no cultures, at least how numbers and times are written.</summary>
    [Theory]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    public void A_run_is_the_same_in_every_culture(string name)
    {
        var before = CultureInfo.CurrentCulture;
        var culture = Culture(name);
        Assert.NotEqual("-1.5", (-1.5).ToString(culture));
        for (var seed = 900_000; seed < 900_060; seed++)
        {
            var here = One(seed);
            try
            {
                CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = culture;
                var there = One(seed);
                Assert.Equal(here.Definition.Digest, there.Definition.Digest);
                Assert.Equal(here.States, there.States);
                Assert.Equal(here.States, here.Replayed().States);
            }
            finally
            {
                CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = before;
            }
        }
    }

    private static CultureInfo Culture(string name)
    {
        try
        {
            return new CultureInfo(name);
        }
        catch (CultureNotFoundException)
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NegativeSign) = name == "tr-TR" ? (",", "-") : ("٫", "؜-");
            (culture.DateTimeFormat.TimeSeparator, culture.DateTimeFormat.DateSeparator) = (".", "/");
            culture.DateTimeFormat.AMDesignator = culture.DateTimeFormat.PMDesignator = "ص";
            return culture;
        }
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
        if (command is Command.EmitEvent) yield return "emitted";
        if (command is Command.AwaitEvent) yield return "listened";
        if (command is Command.StartChild) yield return "child";
        if (command.Frame.Value.Contains("/foreach/do@2", StringComparison.Ordinal)) yield return "onEach";
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
