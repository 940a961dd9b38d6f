/** The policies of the role that CodeBuild builds an image with. No more than one project with one repository needs. */
import type { Policy } from './Policy'
import type { CodePlace, Place } from './ResourceNames'

/** Lets CodeBuild take the role on, for one project alone. */
export const buildTrustPolicy = ({ partition, region, account }: Place, project: string): Policy => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'AssumeRole',
      Effect: 'Allow',
      Principal: { Service: 'codebuild.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:codebuild:${region}:${account}:project/${project}` },
      },
    },
  ],
})

/** What a build reads and writes. */
export interface BuildNeeds {
  /** The ARN of the repository. */
  readonly repository: string
  readonly logGroup: string
  /** The bucket of the source, and what its keys begin with. */
  readonly source: CodePlace
}

/** What a build may do: read its source, write its log, and push to its repository. */
export const buildPolicy = (
  { partition, region, account }: Place,
  { repository, logGroup, source: { bucket, prefix } }: BuildNeeds,
): Policy => ({
  Version: '2012-10-17',
  Statement: [
    { Sid: 'RegistryToken', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    {
      Sid: 'PushImage',
      Effect: 'Allow',
      Action: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        'ecr:InitiateLayerUpload',
        'ecr:UploadLayerPart',
        'ecr:CompleteLayerUpload',
        'ecr:PutImage',
      ],
      Resource: repository,
    },
    {
      Sid: 'WriteLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [`arn:${partition}:logs:${region}:${account}:log-group:${logGroup}`].flatMap((arn) => [
        arn,
        `${arn}:*`,
      ]),
    },
    {
      Sid: 'ReadSource',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: `arn:${partition}:s3:::${bucket}/${prefix}*`,
      Condition: { StringEquals: { 's3:ResourceAccount': account } },
    },
  ],
})
