using Azure.Core;
using Azure.Core.Pipeline;

namespace Interlock.Tests.Azure.Storage;

/// <summary>Runs the operation that a message carries, in the place of sending it.</summary>
internal sealed class OperationTransport : HttpPipelineTransport
{
    private static readonly Uri _nowhere = new("https://account.core.windows.net");

    public static async Task<StubResponse> SendAsync(HttpPipeline pipeline, Func<StubResponse> operation, CancellationToken cancellationToken)
    {
        using var message = pipeline.CreateMessage();
        message.Request.Method = RequestMethod.Post;
        message.Request.Uri.Reset(_nowhere);
        message.SetProperty(nameof(OperationTransport), operation);
        await pipeline.SendAsync(message, cancellationToken);
        var response = (StubResponse)message.Response;
        return response.Error is { } error ? throw error.Exception() : response;
    }

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException();

    public override ValueTask ProcessAsync(HttpMessage message)
    {
        message.CancellationToken.ThrowIfCancellationRequested();
        message.TryGetProperty(nameof(OperationTransport), out var operation);
        message.Response = ((Func<StubResponse>)operation!)(); // SendAsync put it there
        return ValueTask.CompletedTask;
    }
}
