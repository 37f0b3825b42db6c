using System.Net;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Messaging.EventGrid;
using Interlock.Core.Execution;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Functions.Edge;
using Interlock.Json;
using Interlock.Tests.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure.Edge;

/// <summary>What the real Event Grid client puts on the wire for an event of ours.</summary>
public sealed class EventGridPublisherTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Publish_SendsOneCloudEvent_WithItsOwnId()
    {
        var topic = new StubTopic(HttpStatusCode.OK);
        var happened = LifecycleEvents.Started(Interpreter.Start(GoldenRun.Read("cancel").Definition, GoldenRun.Read("cancel").Started));
        Assert.True(await Publisher(topic).PublishAsync(happened, Token));
        Assert.StartsWith("application/cloudevents", topic.MediaType, StringComparison.Ordinal);
        Assert.Equal("Bearer stub", topic.Authorization);
        var sent = StrictJson.Parse(topic.Body);
        var one = sent.IsArray ? Assert.Single(sent.Items) : sent;
        foreach (var name in (string[])["id", "source", "type", "subject", "specversion"]) Assert.Equal(happened.Json[name], one[name]);
        Assert.Equal(happened.Json["data"], one["data"]);
    }

    [Fact]
    public async Task Publish_WhatARunEmitted_KeepsItsAttributes()
    {
        var topic = new StubTopic(HttpStatusCode.OK);
        var text = """{"specversion":"1.0","id":"1","source":"https://shop","type":"paid","dataschema":"https://shop/schema","interlockevent":"0a1b","data":{"n":1}}""";
        Assert.True(await Publisher(topic).PublishAsync(CloudEvent.Read(StrictJson.Parse(text)).Event!, Token)); // well-formed
        var sent = StrictJson.Parse(topic.Body);
        var one = sent.IsArray ? Assert.Single(sent.Items) : sent;
        Assert.Equal(("0a1b", "https://shop/schema"), (one["interlockevent"]!.AsString(), one["dataschema"]!.AsString()));
    }

    [Fact]
    public async Task Publish_Refused_IsFalse_NotAnException()
    {
        var happened = LifecycleEvents.Started(Interpreter.Start(GoldenRun.Read("cancel").Definition, GoldenRun.Read("cancel").Started));
        Assert.False(await Publisher(new StubTopic(HttpStatusCode.Forbidden)).PublishAsync(happened, Token));
    }

    private static EventGridPublisher Publisher(StubTopic topic)
    {
        var options = new EventGridPublisherClientOptions { Transport = new HttpClientTransport(topic) };
        options.Retry.MaxRetries = 0;
        return new(new EventGridPublisherClient(new Uri("https://topic.example/api/events"), new StubCredential(), options), NullLogger<EventGridPublisher>.Instance);
    }

    private sealed class StubTopic(HttpStatusCode status) : HttpMessageHandler
    {
        public string Body { get; private set; } = "";
        public string? MediaType { get; private set; }
        public string? Authorization { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Body = Encoding.UTF8.GetString(await request.Content!.ReadAsByteArrayAsync(cancellationToken)); // a publishing has content
            (MediaType, Authorization) = (request.Content.Headers.ContentType?.MediaType, request.Headers.Authorization?.ToString());
            return new HttpResponseMessage(status) { Content = new StringContent("") };
        }
    }

    private sealed class StubCredential : TokenCredential
    {
        private static readonly AccessToken Stub = new("stub", new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => Stub;

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(Stub);
    }
}
