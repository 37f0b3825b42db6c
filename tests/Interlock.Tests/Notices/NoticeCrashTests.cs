using Interlock.Core.Notices;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Notices;

/// <summary>A gate opens, is told and closed with a fault at every single read and write of the store; then another process does what is left.</summary>
public sealed class NoticeCrashTests
{
    private const int MostOperations = 400;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Open_StoreFailsAnywhere_IsToldOnceAfterIt(Fault fault)
    {
        var struck = new List<string>();
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var rig = await NoticeRig.CreateAsync();
            var store = new FaultyTableStore(rig.World.Memory);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => rig.OpenAsync(rig.Desk(store)));
            if (store.Struck is null) break;
            struck.Add(store.Struck);

            await rig.OpenAsync(); // as the run asks again after a crash
            await rig.DeliverAsync();

            Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
            Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
        }
        Assert.Contains("batch notices", struck);
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task Deliver_StoreFailsAnywhere_IsNeitherLostNorSilentAndRepeatsKeepTheirId(Fault fault)
    {
        var struck = new List<string>();
        var repeated = new HashSet<string>();
        string[] all = ["query notices", "get gates", "batch notices", "replace notices", "batch audit", "delete notices"];
        var rounds = 1; // both notices are delivered at once, so which operation is the n-th differs
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var rig = await NoticeRig.CreateAsync();
            await rig.OpenAsync();
            var store = new FaultyTableStore(rig.World.Memory);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => rig.Delivery(store).RunAsync(World.Tenant, Token));
            if (store.Struck is null && (rounds++ == 10 || all.All(struck.Contains))) break;
            if (store.Struck is null)
            {
                at = 0;
                continue;
            }
            struck.Add(store.Struck);
            if (rig.Sender.Sent.Count == 2) repeated.Add(store.Struck);

            rig.World.Time.Now += NoticeDelivery.Lease;
            await rig.DeliverAsync();

            Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
            Assert.Equal(2, rig.Sender.Sent.Select(sent => sent.Notice.Id).Distinct().Count());
            Assert.InRange(rig.Sender.Sent.Count, 2, 3);
            if (rig.Sender.Sent.Count == 3) Assert.Equal((Fault.ThrowBefore, "replace notices"), (fault, store.Struck)); // between sending and writing that down
            Assert.Empty(await rig.RowsAsync());
        }
        Assert.All(all, operation => Assert.Contains(operation, struck));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore)]
    [InlineData(Fault.ThrowAfter)]
    public async Task PutOff_StoreFailsAnywhere_IsTriedAgain(Fault fault)
    {
        for (var at = 1; ; at++)
        {
            Assert.InRange(at, 1, MostOperations);
            await using var rig = await NoticeRig.CreateAsync();
            await rig.OpenAsync();
            rig.Sender.Always(new NoticeResult.Later("no"));
            var store = new FaultyTableStore(rig.World.Memory);
            store.Arm(at, fault);
            await Record.ExceptionAsync(() => rig.Delivery(store).RunAsync(World.Tenant, Token));
            if (store.Struck is null) break;

            rig.Sender.Always(new NoticeResult.Delivered());
            rig.World.Time.Now += NoticeDelivery.Lease;
            await rig.DeliverAsync();

            Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
            Assert.Empty(await rig.RowsAsync());
        }
    }
}
