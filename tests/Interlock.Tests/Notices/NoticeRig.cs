using System.Text;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Notices;
using Interlock.Core.Policy;
using Interlock.Core.Storage;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Notices;

/// <summary>A world whose desk announces, with two channels: <c>leads</c> for everything, <c>sre</c> for gates that ask that group, ends too.</summary>
internal sealed class NoticeRig : IAsyncDisposable
{
    public const string Channels = """
        { "channels": [
          { "name": "leads", "kind": "email", "url": "https://mail.contoso.com/send?sig=leads-secret", "to": ["leads@contoso.com"] },
          { "name": "sre", "kind": "teams", "url": "https://hooks.contoso.com/sre?sig=sre-secret", "for": ["group:sre", "user:zoe"], "events": ["opened", "closed"] } ] }
        """;

    private NoticeRig(World world) => World = world;

    public World World { get; }

    public StubSender Sender { get; } = new();

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<NoticeRig> CreateAsync() => new(await World.CreateAsync());

    public static NoticeChannels Parse(string json = Channels) => NoticeChannels.Parse(Encoding.UTF8.GetBytes(json), allowLoopback: false);

    /// <summary>One process's desk over a store.</summary>
    public ApprovalDesk Desk(ITableStore? store = null, NoticeChannels? channels = null)
    {
        store ??= World.Memory;
        var node = new Node(World, store);
        return new ApprovalDesk(new ApprovalParts(store, World.Mac, node.Registries, new PolicyCache(), node.Gates, node.Audit, World.Directory, World.Time)
        {
            Notices = new NoticeOutbox(store, channels ?? Parse(), World.Time),
        });
    }

    /// <summary>One process's deliverer over a store.</summary>
    public NoticeDelivery Delivery(ITableStore? store = null, NoticeChannels? channels = null, INoticeSender? sender = null)
    {
        var node = new Node(World, store ?? World.Memory);
        return new NoticeDelivery(store ?? World.Memory, node.Gates, node.Audit, channels ?? Parse(), sender ?? Sender, World.Time);
    }

    public Task<NoticePass> DeliverAsync() => Delivery().RunAsync(World.Tenant, Token);

    public async Task<Gate> OpenAsync(ApprovalDesk? desk = null, params Approver[] approvers)
    {
        var request = World.Request();
        if (approvers.Length > 0) request = request with { Approvers = [.. approvers] };
        var opened = await (desk ?? Desk()).OpenAsync(World.Tenant, World.Site(), World.Origin, request, Token);
        Assert.Null(opened.Refusal);
        return opened.Value!; // not refused
    }

    public async Task<Gate> ApproveAsync(Gate gate) => Assert.IsType<GateResult.Accepted>(
        await Desk().DecideAsync(new InteractiveSession(World.Sam, World.Time.Now), gate.Id, new Decision.Approve(null, gate.ShownDigest), Token)).Gate;

    /// <summary>The outbox: rows of notices, or with <paramref name="kind"/> <c>told</c> what is remembered.</summary>
    public async Task<List<TableRow>> RowsAsync(string kind = "due") =>
        await World.Memory.QueryAsync("notices", World.Tenant.Value, kind, kind + "~", cancellationToken: Token).ToListAsync(Token);

    /// <summary>The records of ended notices, as channel, event and outcome.</summary>
    public async Task<List<string>> EndsAsync() =>
        [.. (await RecordsAsync()).Select(record => $"{record.Details!["channel"]!.AsString()} {record.Details["event"]!.AsString()} {record.Outcome}").Order(StringComparer.Ordinal)];

    public Task<List<AuditRecord>> RecordsAsync() => World.RecordsAsync(AuditTypes.Notice);

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
