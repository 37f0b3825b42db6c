using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>
/// Hosts of many processes: one of them takes a decision and goes on with the run, and dies at some operation of the store, before or after it was done; another one takes up what it
/// finds. The decision is neither lost nor applied twice.
/// </summary>
public sealed class StoreCrashTests
{
    private const int LeastOperations = 20;

    [Theory]
    [InlineData("approve", Fault.ThrowBefore)]
    [InlineData("approve", Fault.ThrowAfter)]
    [InlineData("second of two", Fault.ThrowBefore)]
    [InlineData("second of two", Fault.ThrowAfter)]
    [InlineData("edit", Fault.ThrowBefore)]
    [InlineData("edit", Fault.ThrowAfter)]
    [InlineData("reject", Fault.ThrowBefore)]
    [InlineData("reject", Fault.ThrowAfter)]
    public async Task Decide_ProcessDiesAtEveryOperation_AnotherOneFinishesIt(string what, Fault fault)
    {
        var at = 1;
        for (var struck = true; struck; at++)
        {
            await using var works = await Works.CreateAsync();
            var run = await works.StartAsync($$"""
                  - ask: { call: approval, with: { title: Go?, approvers: [ { group: sre } ], quorum: {{(what == "second of two" ? 2 : 1)}}, covers: [apply], expiresAfter: PT1H, onReject: fail } }
                  - apply: { call: tool, with: { tool: crm/apply, arguments: { service: mail }, onInDoubt: retry } }
                """);
            var gate = await works.GateAsync(run);
            if (what == "second of two") Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Zoe));
            var faulty = new FaultyTableStore(works.World.Memory);
            var dying = works.Beside(faulty);
            faulty.Arm(at, fault);

            var told = await DecideAsync(dying, gate, what);
            struck = faulty.Struck is not null;

            var where = $"{what}, {fault} at {at}, {faulty.Struck}";
            var next = works.Beside(works.World.Memory);
            await next.GoOnAsync(run);
            if (await next.GatesAsync(run) is [var open])
            {
                Assert.False(told, $"{where}: it was said to count, and the gate is open.");
                Assert.True(await DecideAsync(next, open, what), where);
            }
            await next.GoOnAsync(run);
            var state = await next.StateAsync(run);
            Assert.True(state.Status == (what == "reject" ? RunStatus.Faulted : RunStatus.Completed), $"{where}: {state.Status} {state.Error}");
            var keys = works.Reached.Select(call => call.IdempotencyKey).Distinct().ToList();
            Assert.True(keys.Count == (what == "reject" ? 0 : 1), $"{where}: {keys.Count} calls");
            Assert.All(works.Reached, call => Assert.Contains(what == "edit" ? "web" : "mail", System.Text.Encoding.UTF8.GetString(call.Arguments.Span), StringComparison.Ordinal));
            var records = await works.World.RecordsAsync();
            Assert.Single(records, record => record.Type == AuditTypes.GateClosed);
            Assert.Equal(what == "second of two" ? 2 : 1, records.Count(record => record.Type == AuditTypes.GateVote));
            Assert.Equal(what == "edit" ? 1 : 0, records.Count(record => record.Type == AuditTypes.GateChanged));
        }
        Assert.True(at > LeastOperations, $"Only {at} operations were seen.");
    }

    /// <summary>Decides and goes on as the page does; true when it was said to count.</summary>
    private static async Task<bool> DecideAsync(Works works, Gate gate, string what)
    {
        var told = false;
        await Record.ExceptionAsync(async () =>
        {
            told = await works.DecideAsync(gate, works.World.Sam, shown => what switch
            {
                "reject" => new Decision.Reject("no", shown),
                "edit" => new Decision.Edit(null, shown, [new EditedCall(gate.Calls[0].Frame, World.Arguments("""{"service":"web"}"""))]),
                _ => new Decision.Approve(null, shown),
            }) is GateResult.Accepted;
            await works.GoOnAsync(gate.Run!.Value); // a run's gate
        });
        return told;
    }
}
