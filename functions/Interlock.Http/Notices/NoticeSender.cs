using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Notices;
using Interlock.Http.Upstreams;

namespace Interlock.Http.Notices;

/// <summary>
/// Posts messages through the one way out, with links to our own address. An answer counts by its status alone: a body is neither read nor logged, and no
/// redirect is followed. What is reported names neither address nor host.
/// </summary>
public sealed class NoticeSender : INoticeSender, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly ReviewLinks _links;
    private readonly IDirectory _directory;
    private readonly Uri? _origin;
    private readonly TimeProvider _time;

    /// <param name="egress">A handler of <see cref="EgressHandler.Create"/>, which stays its maker's to dispose.</param>
    /// <param name="mac">Signs the links.</param>
    /// <param name="directory">Knows the names of those who started runs.</param>
    /// <param name="origin">The address that people use; null only where no channel is configured.</param>
    /// <param name="time">The clock.</param>
    public NoticeSender(HttpMessageHandler egress, Mac mac, IDirectory directory, Uri? origin, TimeProvider time)
    {
        _http = new HttpClient(egress, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        (_links, _directory, _origin, _time) = (new ReviewLinks(mac), directory, origin, time);
    }

    public async Task<NoticeResult> SendAsync(NoticeChannel channel, Notice notice, Gate gate, CancellationToken cancellationToken = default)
    {
        if (_origin is null) throw new InvalidOperationException("A message without a link of ours is not sent.");
        using var budget = new CallBudget(_time.GetUtcNow() + Patience, _time, cancellationToken);
        var text = NoticeText.Of(gate, notice.What, await StarterAsync(gate, budget.Token));
        using var request = Request(channel, notice, gate, text, new Uri(_origin, _links.Path(gate, channel.Name)));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, budget.Token);
            return Result(response);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e) && !budget.CancelledByCaller)
        {
            if (e is OperationCanceledException) return new NoticeResult.Later("It did not answer within 10 seconds.");
            return UpstreamFailures.ProblemOf(e).Rule is { } rule ? new NoticeResult.Refused($"It could not be asked ({rule}).") : new NoticeResult.Later("It could not be reached, or broke off.");
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<string> StarterAsync(Gate gate, CancellationToken cancellationToken)
    {
        const string user = "user:";
        if (gate.Initiators is not [var subject, ..]) return "unknown";
        var person = subject.StartsWith(user, StringComparison.Ordinal) ? await _directory.FindUserAsync(gate.Tenant, subject[user.Length..], cancellationToken) : null;
        return person is null ? subject : $"{person.DisplayName} ({subject})";
    }

    private HttpRequestMessage Request(NoticeChannel channel, Notice notice, Gate gate, NoticeText text, Uri link)
    {
        var (json, contentType) = channel.Kind switch
        {
            NoticeChannelKind.Teams => (TeamsCard.Of(text, link), "application/json"),
            NoticeChannelKind.Email => (EmailMessage.Of(channel, notice, text, link), "application/json"),
            NoticeChannelKind.Webhook => (WebhookEvent.Of(notice, gate, text, link), WebhookEvent.ContentType),
            var other => throw new InvalidOperationException($"Unexpected {other}."),
        };
        var body = Encoding.UTF8.GetBytes(json.ToString());
        var request = new HttpRequestMessage(HttpMethod.Post, channel.Address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        if (channel.Key is { } key) NoticeSignature.Add(request, notice.Id.Value, _time.GetUtcNow(), body, key.AsSpan());
        return request;
    }

    private NoticeResult Result(HttpResponseMessage response)
    {
        var said = $"It answered HTTP {(int)response.StatusCode}.";
        if (response.IsSuccessStatusCode) return new NoticeResult.Delivered();
        return response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError
            ? new NoticeResult.Later(said, After(response.Headers.RetryAfter))
            : new NoticeResult.Refused(said);
    }

    private TimeSpan? After(RetryConditionHeaderValue? header) => header?.Delta ?? header?.Date - _time.GetUtcNow();
}
