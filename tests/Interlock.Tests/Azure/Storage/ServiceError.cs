using System.Globalization;
using Azure;
using Azure.Data.Tables;

namespace Interlock.Tests.Azure.Storage;

/// <summary>A refusal as the service words it, and the write of a batch that it names.</summary>
internal sealed record ServiceError(int Status, string Code, int? Index = null)
{
    /// <summary>What the SDK makes of it.</summary>
    public RequestFailedException Exception()
    {
        var exception = new RequestFailedException(Status, $"{Index}:{Code}", Code, null);
        if (Index is not { } index) return exception;
        exception.Data["FailedEntity"] = index.ToString(CultureInfo.InvariantCulture);
        return new TableTransactionFailedException(exception);
    }
}
