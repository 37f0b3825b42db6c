#nullable disable
using System.Globalization;

namespace Azure.Data.Tables;

/// <summary>As the real one it takes the index from the inner exception's data, where the client puts it when the service named one.</summary>
public class TableTransactionFailedException : RequestFailedException
{
    public TableTransactionFailedException(RequestFailedException requestFailedException)
        : base(requestFailedException.Status, requestFailedException.Message, requestFailedException.ErrorCode, requestFailedException.InnerException)
    {
        if (requestFailedException.Data["FailedEntity"] is string text && int.TryParse(text, CultureInfo.InvariantCulture, out var index)) FailedTransactionActionIndex = index;
    }

    public int? FailedTransactionActionIndex { get; }
}
