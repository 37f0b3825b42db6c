using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Notices;
using Interlock.Core.Policy;
using Interlock.Http.Notices;
using Interlock.Http.Upstreams;
using Interlock.Tests.Gateway;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Notices;

/// <summary>Messages over real loopback connections: what is posted, what an answer means, and that nothing secret is told of it.</summary>
public sealed class NoticeSenderTests
{
    private static readonly byte[] _key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly ManualClock _clock = new(World.Start);
    private readonly StubDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, true)]
    [InlineData(202, true)]
    [InlineData(204, true)]
    [InlineData(408, null)]
    [InlineData(429, null)]
    [InlineData(500, null)]
    [InlineData(503, null)]
    [InlineData(301, false)]
    [InlineData(307, false)]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(410, false)]
    [InlineData(413, false)]
    public async Task Send_Status_SaysWhatCameOfIt(int status, bool? delivered)
    {
        await using var server = await StubServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere?sig=hidden";
            return context.Response.StatusCode == 204 ? Task.CompletedTask : context.Response.WriteAsync("hidden");
        });

        var result = await SendAsync(Channel(server, NoticeChannelKind.Teams));

        switch (delivered)
        {
            case true: Assert.IsType<NoticeResult.Delivered>(result); break;
            case false: Assert.Equal($"It answered HTTP {status}.", Assert.IsType<NoticeResult.Refused>(result).Reason); break;
            default: Assert.Equal($"It answered HTTP {status}.", Assert.IsType<NoticeResult.Later>(result).Reason); break;
        }
        Assert.Single(server.Requests);
        Assert.DoesNotContain("hidden", result.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("Tue, 03 Mar 2026 08:40:00 GMT", 600)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public async Task Send_RetryAfter_IsPassedOn(string? header, int? seconds)
    {
        await using var server = await StubServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 429;
            if (header is not null) context.Response.Headers.RetryAfter = header;
            return Task.CompletedTask;
        });

        var later = Assert.IsType<NoticeResult.Later>(await SendAsync(Channel(server, NoticeChannelKind.Teams)));

        Assert.Equal(seconds, later.After?.TotalSeconds);
    }

    [Fact]
    public async Task Send_ServerHangs_EndsAfterTenSeconds()
    {
        var gone = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        await using var server = await StubServer.StartAsync(async (_, _) =>
        {
            arrived.SetResult();
            await gone.Task;
        });

        var sending = SendAsync(Channel(server, NoticeChannelKind.Teams));
        await arrived.Task;
        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("It did not answer within 10 seconds.", Assert.IsType<NoticeResult.Later>(await sending).Reason);
        gone.SetResult();
    }

    [Fact]
    public async Task Send_BodyWithoutEnd_IsNotRead()
    {
        var gone = new TaskCompletionSource();
        await using var server = await StubServer.StartAsync(async (context, _) =>
        {
            await context.Response.WriteAsync("x");
            await context.Response.Body.FlushAsync();
            await gone.Task;
        });

        Assert.IsType<NoticeResult.Delivered>(await SendAsync(Channel(server, NoticeChannelKind.Teams)));
        gone.SetResult();
    }

    [Fact]
    public async Task Send_NobodyListens_IsTriedLaterAndNamesNoAddress()
    {
        var channel = new NoticeChannel("x", NoticeChannelKind.Teams, new Uri("http://127.0.0.1:1/hidden?sig=hidden"));

        var later = Assert.IsType<NoticeResult.Later>(await SendAsync(channel));

        Assert.Equal("It could not be reached, or broke off.", later.Reason);
    }

    [Fact]
    public async Task Send_AddressThatIsDenied_IsGivenUpAndTheServerSeesNothing()
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);

        var refused = Assert.IsType<NoticeResult.Refused>(await SendAsync(Channel(server, NoticeChannelKind.Teams), new EgressOptions()));

        Assert.Equal("It could not be asked (egress-denied).", refused.Reason);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Send_CallerStops_IsNoResult()
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SendAsync(Channel(server, NoticeChannelKind.Teams), cancellationToken: stop.Token));
    }

    [Fact]
    public async Task Send_Teams_PostsTheCardWithALinkOfOurs()
    {
        _directory.Add(World.Tenant, "ana");
        var request = await PostedAsync(NoticeChannelKind.Teams);

        Assert.Equal(("POST", "/mcp", "application/json"), (request.HttpMethod, request.Path, request.Headers["Content-Type"]));
        var card = request.Json!["attachments"]![0]!["content"]!; // as TeamsCardTests say
        var link = new Uri(card["actions"]![0]!["url"]!.AsString());
        Assert.Equal("https://interlock.example", link.GetLeftPart(UriPartial.Authority));
        Assert.Equal(new ReviewLink(World.Tenant, Gates.Plain.Id, World.Start.AddHours(4).AddDays(30)), new ReviewLinks(Mac).Read(link.Segments[^1]));
        Assert.Contains("ana (user:ana)", card.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Webhook-Signature", request.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_Email_PostsASubjectOfOneLineAndPlainText(bool hostile)
    {
        var request = await PostedAsync(NoticeChannelKind.Email, hostile ? Gates.Largest() : Gates.Plain);

        var mail = request.Json!; // just sent
        Assert.Equal(["id", "to", "subject", "text", "link"], mail.Members.Select(member => member.Key));
        Assert.Equal("leads@contoso.com", Assert.Single(mail["to"]!.Items).AsString());
        Assert.DoesNotContain(mail["subject"]!.AsString(), char.IsControl);
        Assert.InRange(mail["subject"]!.AsString().Length, 1, 300);
        var lines = mail["text"]!.AsString().Split('\n');
        Assert.Equal(12, lines.Length); // title, seven facts, what is left out, the link, two empty ones: nobody's text makes another
        Assert.Equal(mail["link"]!.AsString(), lines[^1]);
        Assert.Equal(1, mail["text"]!.AsString().Split("://").Length - 1);
        if (!hostile) Assert.Equal("Approval needed: Restart the mail server?", mail["subject"]!.AsString());
    }

    [Fact]
    public async Task Send_Webhook_PostsASignedCloudEvent()
    {
        var request = await PostedAsync(NoticeChannelKind.Webhook);

        var happened = request.Json!; // just sent
        Assert.Equal("application/cloudevents+json", request.Headers["Content-Type"]);
        Assert.Equal(
            ("1.0", "urn:interlock:contoso", "io.interlock.gate.opened.v1", Gates.Plain.Id.Value),
            (happened["specversion"]!.AsString(), happened["source"]!.AsString(), happened["type"]!.AsString(), happened["subject"]!.AsString()));
        Assert.Equal(Gates.Plain.Id.Value, happened["data"]!["gate"]!.AsString());
        Assert.Equal(happened["id"]!.AsString(), request.Headers["webhook-id"]);
        Assert.Equal(World.Start.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), request.Headers["webhook-timestamp"]);
        var signed = Encoding.UTF8.GetBytes($"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{Encoding.UTF8.GetString(request.Body)}");
        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(_key, signed)), request.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task Send_Again_KeepsTheIdAndSignsAnew()
    {
        var first = await PostedAsync(NoticeChannelKind.Webhook);
        _clock.Advance(TimeSpan.FromMinutes(1));
        var second = await PostedAsync(NoticeChannelKind.Webhook);

        Assert.Equal(first.Headers["webhook-id"], second.Headers["webhook-id"]);
        Assert.Equal(first.Body, second.Body);
        Assert.NotEqual(first.Headers["webhook-signature"], second.Headers["webhook-signature"]);
    }

    /// <summary>The example of the Standard Webhooks specification's libraries.</summary>
    [Fact]
    public void Sign_KnownExample_GivesItsSignature()
    {
        using var request = new HttpRequestMessage();
        NoticeSignature.Add(
            request, "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), """{"test": 2432232314}"""u8,
            Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Assert.Single(request.Headers.GetValues("webhook-signature")));
    }

    [Fact]
    public async Task Send_WithoutAnAddressOfOurs_Throws()
    {
        using var egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
        using var sender = new NoticeSender(egress, Mac, _directory, null, _clock);

        await Assert.ThrowsAsync<InvalidOperationException>(() => sender.SendAsync(new NoticeChannel("x", NoticeChannelKind.Teams, new Uri("http://127.0.0.1:1")), Owed("x"), Gates.Plain, Token));
    }

    private static Mac Mac => new(new byte[32]);

    private async Task<StubRequest> PostedAsync(NoticeChannelKind kind, Gate? gate = null)
    {
        await using var server = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        Assert.IsType<NoticeResult.Delivered>(await SendAsync(Channel(server, kind), gate: gate));
        return Assert.Single(server.Requests);
    }

    private async Task<NoticeResult> SendAsync(NoticeChannel channel, EgressOptions? options = null, Gate? gate = null, CancellationToken? cancellationToken = null)
    {
        using var egress = EgressHandler.Create(options ?? new EgressOptions { AllowLoopback = true });
        using var sender = new NoticeSender(egress, Mac, _directory, new Uri("https://interlock.example"), _clock);
        return await sender.SendAsync(channel, Owed(channel.Name), gate ?? Gates.Plain, cancellationToken ?? Token);
    }

    private static Notice Owed(string channel) =>
        new(NoticeId.Of(World.Tenant, Gates.Plain.Id, NoticeEvents.Opened, channel), World.Tenant, Gates.Plain.Id, World.Run, NoticeEvents.Opened, channel, World.Start, World.Start.AddHours(4));

    private static NoticeChannel Channel(StubServer server, NoticeChannelKind kind) => new("x", kind, new Uri(server.Address, "?sig=hidden"))
    {
        For = [new Approver(ApproverKind.Group, "sre")],
        To = ["leads@contoso.com"],
        Key = kind == NoticeChannelKind.Webhook ? [.. _key] : null,
    };
}
