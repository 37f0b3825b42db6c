namespace Interlock.Http.Upstreams;

/// <summary>The upstream's answer passes <see cref="EgressOptions.MaxResponseBytes"/> (rule <c>response-limit</c>); it was not read further.</summary>
public sealed class ResponseTooLargeException(long limit) : IOException($"The response is larger than {limit} bytes.");
