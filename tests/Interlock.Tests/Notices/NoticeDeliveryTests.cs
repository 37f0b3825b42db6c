using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Notices;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Notices;

/// <summary>Announced once, delivered once, tried again with patience, given up in time, and every end in the audit.</summary>
public sealed class NoticeDeliveryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deliver_OpenedGate_TellsEveryChannelThatWantsItAndRecordsIt()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync();

        var pass = await rig.DeliverAsync();

        Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
        Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
        Assert.Empty(await rig.RowsAsync());
        Assert.Equal(2, pass.Ended.Count);
        Assert.All(await rig.RecordsAsync(), record =>
        {
            Assert.Equal((gate.Id, gate.Run, (int?)1, "principal:system:notices:2026-03-03"), (record.Gate!.Value, record.Run, record.Attempt, record.Chain));
            Assert.Equal(["system:notices"], record.Actors);
        });
    }

    [Fact]
    public async Task Deliver_ClosedGate_TellsThoseWhoWantIt()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync();
        await rig.DeliverAsync();

        await rig.ApproveAsync(gate);
        await rig.DeliverAsync();

        Assert.Equal(["leads opened", "sre closed", "sre opened"], rig.Sender.Told);
    }

    [Fact]
    public async Task Deliver_GateOfAClientsCall_IsTold()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = new Gate(World.Tenant, null, null, rig.World.Request(), [], new RunOrigin(rig.World.Ana, null, "mcp"), World.Start);
        await rig.World.Node.Gates.InsertAsync(gate, Token);
        await new NoticeOutbox(rig.World.Memory, NoticeRig.Parse(), rig.World.Time).AnnounceAsync(gate, NoticeEvents.Opened, Token);

        await rig.DeliverAsync();

        Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
        Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
    }

    [Fact]
    public async Task Deliver_GateForOthers_IsNotTold()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = new Gate(World.Tenant, World.Run, World.Workflow, rig.World.Request() with { Approvers = [new Approver(ApproverKind.Group, "zoe")] }, [], rig.World.Origin, World.Start);
        await rig.World.Node.Gates.InsertAsync(gate, Token);
        await new NoticeOutbox(rig.World.Memory, NoticeRig.Parse(), rig.World.Time).AnnounceAsync(gate, NoticeEvents.Opened, Token);

        await rig.DeliverAsync();

        Assert.Equal(["leads opened"], rig.Sender.Told); // a group of a person's id is not that person
    }

    [Fact]
    public async Task Announce_AgainAtAnyTime_TellsOnce()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync();
        await rig.OpenAsync();
        await rig.DeliverAsync();
        for (var i = 0; i < 5; i++)
        {
            rig.World.Time.Now += TimeSpan.FromHours(1);
            await rig.OpenAsync();
            await rig.DeliverAsync();
        }

        Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
        Assert.Equal(2, (await rig.RecordsAsync()).Count);
        Assert.Empty(await rig.RowsAsync("told")); // the gate has expired
    }

    [Fact]
    public async Task Announce_ManyAtOnce_TellsOnce()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync(rig.Desk(channels: NoticeChannels.None));
        var outbox = new NoticeOutbox(new YieldingTableStore(rig.World.Memory), NoticeRig.Parse(), rig.World.Time);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => outbox.AnnounceAsync(gate, NoticeEvents.Opened, Token)));

        Assert.Equal(2, (await rig.RowsAsync()).Count);
    }

    [Fact]
    public async Task Announce_ChannelConfiguredLater_IsToldOfWhatIsOpen()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync(rig.Desk(channels: NoticeChannels.None));

        await rig.OpenAsync();

        Assert.Equal(2, (await rig.RowsAsync()).Count);
    }

    [Theory]
    [InlineData("escalated")]
    [InlineData("closed")]
    public async Task Announce_NothingThatHappened_IsRefused(string what)
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync();
        var outbox = new NoticeOutbox(rig.World.Memory, NoticeRig.Parse(), rig.World.Time);

        await Assert.ThrowsAsync<ArgumentException>(() => outbox.AnnounceAsync(gate, what, Token));
    }

    [Fact]
    public async Task Announce_GateThatNobodyWasAsked_TellsNobody()
    {
        await using var rig = await NoticeRig.CreateAsync();

        await rig.Desk().CloseAsync(World.Tenant, World.Site(), new GateId("never"), GateOutcome.Withdrawn, Token);

        Assert.Empty(await rig.RowsAsync());
    }

    [Fact]
    public async Task Deliver_ChannelFails_TriesAgainAfterDoublingPausesAndGivesUpWhenTheGateExpires()
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.Always(new NoticeResult.Later("It answered HTTP 500."));
        await rig.OpenAsync();
        var tries = new List<double>();
        for (; rig.World.Time.Now <= World.Start.AddHours(5); rig.World.Time.Now += TimeSpan.FromSeconds(15))
        {
            var before = rig.Sender.Sent.Count;
            await rig.DeliverAsync();
            if (rig.Sender.Sent.Count > before) tries.Add((rig.World.Time.Now - World.Start).TotalSeconds);
        }

        Assert.Equal([0, 15, 45, 105, 225, 465, 945, 1905, 3825, 7425, 11025], tries);
        Assert.Equal(["leads opened given-up", "sre opened given-up"], await rig.EndsAsync());
        Assert.All(await rig.RecordsAsync(), record => Assert.Equal(("It answered HTTP 500.", 11, World.Start.AddHours(4)), (record.Reason, record.Attempt, record.Time)));
        Assert.Empty(await rig.RowsAsync());
        Assert.Empty(await rig.RowsAsync("told"));
    }

    [Fact]
    public async Task Deliver_GateThatStaysOpenForDays_IsGivenUpAfterOne()
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.Always(new NoticeResult.Later("no"));
        var request = rig.World.Request() with { ExpiresAt = World.Start.AddDays(7) };
        await rig.Desk().OpenAsync(World.Tenant, World.Site(), rig.World.Origin, request, Token);
        await rig.DeliverAsync();

        rig.World.Time.Now += TimeSpan.FromHours(24);
        await rig.DeliverAsync();
        await rig.Desk().OpenAsync(World.Tenant, World.Site(), rig.World.Origin, request, Token);
        await rig.DeliverAsync();

        Assert.Equal(["leads opened given-up", "sre opened given-up"], await rig.EndsAsync());
        Assert.Equal(2, rig.Sender.Sent.Count);
    }

    [Theory]
    [InlineData(600, 600)]
    [InlineData(3, 15)]
    public async Task Deliver_ChannelSaysWhen_IsNotAskedBefore(int after, int next)
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.Always(new NoticeResult.Later("It answered HTTP 429.", TimeSpan.FromSeconds(after)));
        await rig.OpenAsync();
        await rig.DeliverAsync();

        rig.World.Time.Now += TimeSpan.FromSeconds(next) - TimeSpan.FromTicks(1);
        await rig.DeliverAsync();
        Assert.Equal(2, rig.Sender.Sent.Count);
        rig.World.Time.Now += TimeSpan.FromTicks(1);
        await rig.DeliverAsync();
        Assert.Equal(4, rig.Sender.Sent.Count);
    }

    [Fact]
    public async Task Deliver_ChannelSaysNever_IsGivenUpInTime()
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.Always(new NoticeResult.Later("It answered HTTP 429.", TimeSpan.MaxValue));
        await rig.OpenAsync();
        await rig.DeliverAsync();

        rig.World.Time.Now = World.Start.AddHours(4);
        await rig.DeliverAsync();

        Assert.Equal(["leads opened given-up", "sre opened given-up"], await rig.EndsAsync());
    }

    [Fact]
    public async Task Deliver_ChannelRefuses_IsGivenUpAtOnce()
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.Always(new NoticeResult.Refused("It answered HTTP 404."));
        await rig.OpenAsync();

        var pass = await rig.DeliverAsync();

        Assert.Equal(["leads opened given-up", "sre opened given-up"], await rig.EndsAsync());
        Assert.All(pass.Ended, notice => Assert.Equal("It answered HTTP 404.", notice.Reason));
    }

    [Fact]
    public async Task Deliver_SenderThrows_IsTriedAgainAndTellsNoMessage()
    {
        await using var rig = await NoticeRig.CreateAsync();
        rig.Sender.OnSend = (channel, _) => throw new InvalidOperationException($"secret {channel.Address}");
        await rig.OpenAsync();

        var pass = await rig.DeliverAsync();

        Assert.Empty(pass.Failed);
        Assert.All(pass.PutOff, notice => Assert.Equal("Something of ours broke (InvalidOperationException).", notice.Reason));
        Assert.Equal(2, pass.PutOff.Count);
    }

    [Fact]
    public async Task Deliver_GateClosedBefore_IsNotNeeded()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync();
        await rig.ApproveAsync(gate);

        await rig.DeliverAsync();

        Assert.Equal(["sre closed"], rig.Sender.Told);
        Assert.Equal(["leads opened not-needed", "sre closed delivered", "sre opened not-needed"], await rig.EndsAsync());
    }

    [Fact]
    public async Task Deliver_ChannelRemovedOrForOthersNow_IsNotNeeded()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync();
        var others = NoticeRig.Parse("""{ "channels": [ { "name": "sre", "kind": "teams", "url": "https://h", "for": ["group:directors"] } ] }""");

        await rig.Delivery(channels: others).RunAsync(World.Tenant, Token);

        Assert.Empty(rig.Sender.Sent);
        Assert.Equal(["leads opened not-needed", "sre opened not-needed"], await rig.EndsAsync());
    }

    [Fact]
    public async Task Deliver_GateRowEditedByHand_TellsNobody()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var gate = await rig.OpenAsync();
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Id.Value), "gate");
        var row = (await rig.World.Memory.GetAsync("gates", key, Token))!; // just opened
        var edited = row.Body.With("gate", row.Body["gate"]!.With("request", row.Body["gate"]!["request"]!.With("title", "Harmless")));
        await rig.World.Memory.ReplaceAsync("gates", key, edited, row.ETag, Token);

        await rig.DeliverAsync();

        Assert.Empty(rig.Sender.Sent);
        Assert.Equal(["leads opened given-up", "sre opened given-up"], await rig.EndsAsync());
    }

    [Theory]
    [InlineData("""{ "x": 1 }""")]
    [InlineData("[]")]
    [InlineData("""{ "id": "a", "tenant": "contoso", "gate": "gate-1", "run": "r", "what": "opened", "channel": "leads", "announcedAt": "2026-03-03T08:30:00Z", "until": "2026-03-04T08:30:00Z" }""")]
    [InlineData("""{ "tenant": "contoso" }""")]
    [InlineData("""{ "id": "a", "tenant": "rival", "gate": "gate-1", "run": "r", "what": "opened", "channel": "leads", "announcedAt": "2026-03-03T08:30:00Z", "until": "2026-03-04T08:30:00Z" }""")]
    public async Task Deliver_RowWrittenByHand_IsRemovedAndRecorded(string body)
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync();
        await rig.World.Memory.InsertAsync("notices", new RowKey(World.Tenant.Value, $"due|{new string('0', 19)}|forged"), StrictJson.Parse(body), Token);

        await rig.DeliverAsync();

        Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
        Assert.Empty(await rig.RowsAsync());
        Assert.Single(await rig.RecordsAsync(), record => record.Reason?.Contains("not written by Interlock", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Deliver_ChannelHangs_HoldsUpNeitherGatesNorOtherChannels()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var hanging = new TaskCompletionSource<NoticeResult>();
        var reached = new TaskCompletionSource();
        rig.Sender.OnSend = (channel, _) =>
        {
            if (channel.Name != "leads") return Task.FromResult<NoticeResult>(new NoticeResult.Delivered());
            reached.TrySetResult();
            return hanging.Task;
        };
        await rig.OpenAsync();
        var first = rig.DeliverAsync();
        await reached.Task;

        var second = await rig.Desk().OpenAsync(World.Tenant, World.Site(), rig.World.Origin, rig.World.Request("gate-2"), Token);
        await rig.ApproveAsync(second.Value!); // not refused
        await rig.DeliverAsync();

        Assert.Contains("sre opened", rig.Sender.Told);
        Assert.False(first.IsCompleted);
        hanging.SetResult(new NoticeResult.Delivered());
        await first;
        Assert.Equal(1, rig.Sender.Sent.Count(sent => sent.Channel == "leads" && sent.Notice.Gate.Value == "gate-1"));
    }

    [Fact]
    public async Task Deliver_ManyProcessesAtOnce_OneMessageEach()
    {
        await using var rig = await NoticeRig.CreateAsync();
        for (var i = 0; i < 20; i++)
            await rig.Desk().OpenAsync(World.Tenant, World.Site(), rig.World.Origin, rig.World.Request($"gate-{i}"), Token);
        rig.Sender.OnSend = async (_, _) =>
        {
            await Task.Yield();
            return new NoticeResult.Delivered();
        };

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => rig.Delivery(new YieldingTableStore(rig.World.Memory)).RunAsync(World.Tenant, Token))));

        Assert.Equal(40, rig.Sender.Sent.Count);
        Assert.Equal(40, rig.Sender.Sent.Select(sent => sent.Notice.Id).Distinct().Count());
        Assert.Equal(40, (await rig.RecordsAsync()).Count);
        Assert.Empty(await rig.RowsAsync());
    }

    [Fact]
    public async Task Deliver_SenderStandsStillPastItsLease_AnotherSendsAndOneRecordIsWritten()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync();
        var slow = new StubSender();
        var answer = new TaskCompletionSource<NoticeResult>();
        slow.OnSend = (_, _) => answer.Task;
        var stalled = rig.Delivery(sender: slow).RunAsync(World.Tenant, Token);
        while (slow.Sent.Count < 2) await Task.Yield();

        rig.World.Time.Now += NoticeDelivery.Lease;
        await rig.DeliverAsync();
        answer.SetResult(new NoticeResult.Later("no"));
        await stalled;

        Assert.Equal(["leads opened", "sre opened"], rig.Sender.Told);
        Assert.Equal(["leads opened delivered", "sre opened delivered"], await rig.EndsAsync());
        Assert.Empty(await rig.RowsAsync());
    }

    [Fact]
    public async Task Deliver_ToldToStopWhileSending_RecordsWhatCameOfIt()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync(null, new Approver(ApproverKind.Group, "sre"));
        using var stop = new CancellationTokenSource();
        rig.Sender.OnSend = async (_, _) =>
        {
            await stop.CancelAsync();
            return new NoticeResult.Delivered();
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Delivery().RunAsync(World.Tenant, stop.Token));
        rig.World.Time.Now += NoticeDelivery.Lease;
        rig.Sender.Always(new NoticeResult.Delivered());
        await rig.DeliverAsync();

        Assert.Equal(2, (await rig.RecordsAsync()).Count);
        Assert.Empty(await rig.RowsAsync());
    }

    [Fact]
    public async Task Deliver_MoreThanOnePassTakes_GoesOnInTheNext()
    {
        await using var rig = await NoticeRig.CreateAsync();
        var outbox = new NoticeOutbox(rig.World.Memory, NoticeRig.Parse(), rig.World.Time);
        for (var i = 0; i < 60; i++)
        {
            var gate = new Gate(World.Tenant, World.Run, World.Workflow, rig.World.Request($"gate-{i}"), [], rig.World.Origin, World.Start);
            await rig.World.Node.Gates.InsertAsync(gate, Token);
            await outbox.AnnounceAsync(gate, NoticeEvents.Opened, Token);
        }

        Assert.False((await rig.DeliverAsync()).IsComplete);
        Assert.Equal(100, rig.Sender.Sent.Count);
        Assert.True((await rig.DeliverAsync()).IsComplete);
        Assert.Equal(120, rig.Sender.Sent.Count);
    }

    [Fact]
    public async Task Deliver_OtherTenants_AreNotSeen()
    {
        await using var rig = await NoticeRig.CreateAsync();
        await rig.OpenAsync();

        await rig.Delivery().RunAsync(new TenantId("contoso2"), Token);

        Assert.Empty(rig.Sender.Sent);
    }
}
