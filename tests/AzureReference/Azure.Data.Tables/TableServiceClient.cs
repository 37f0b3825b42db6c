#nullable disable
using Azure.Core;

namespace Azure.Data.Tables;

public class TableServiceClient
{
    protected TableServiceClient()
    {
    }

    public TableServiceClient(string connectionString, TableClientOptions options = null) => throw new NotSupportedException();

    public TableServiceClient(Uri endpoint, TokenCredential tokenCredential, TableClientOptions options = null) => throw new NotSupportedException();

    public virtual TableClient GetTableClient(string tableName) => throw new NotSupportedException();
}
